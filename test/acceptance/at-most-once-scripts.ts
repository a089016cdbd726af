/**
 * What the scripted master does in the at-most-once cases: one script a step of the protocol (the words are test/fakes/fake-master.c's).
 * They say nothing about what a caller has to make of it; once.test.ts does.
 */

export const met = "hello,read-hello,read-alive,alive";
export const asked = `${met},read-session`;
export const given = `${asked},read-fds`;
export const ran = `${given},run`;
export const opened = `${ran},opened`;

/** Nothing was sent that could start a command: it runs by another way, once, and the caller sees nothing of the trouble. */
export const nothingSent: Record<string, string> = {
  "closes at once": "close",
  "dies at once": "die",
  "dies at once and takes its socket along": "unlink,die",
  "says nothing": "stall",
  "dies after the client's hello": "read-hello,die",
  "says hello and closes": "hello,close",
  "says half a hello and dies": "half-hello,die",
  "says half a hello and stalls": "half-hello,stall",
  "speaks another version": "hello-version:3,read-to-end",
  "speaks HTTP": "text,read-to-end",
  "says hello with an empty frame": "nothing,read-to-end",
  "says hello with an oversized frame": "oversized,read-to-end",
  "says hello with a length of four GB": "huge,read-to-end",
  "opens a session instead of a hello": "opened,read-to-end",
  "does not answer whether it is alive": "hello,read-hello,read-alive,stall",
  "closes instead of being alive": "hello,read-hello,read-alive,close",
  "dies instead of being alive": "hello,read-hello,read-alive,die",
  "is half alive and closes": "hello,read-hello,read-alive,half-alive,close",
  "is alive without a pid": "hello,read-hello,read-alive,alive-short,read-to-end",
  "is alive for another request": "hello,read-hello,read-alive,alive-wrong-rid,read-to-end",
  "opens a session instead of being alive": "hello,read-hello,read-alive,opened,read-to-end",
  "exits instead of being alive": "hello,read-hello,read-alive,exit:0,read-to-end",
  "fails instead of being alive": "hello,read-hello,read-alive,failure,read-to-end",
  "answers with a type that nobody knows": "hello,read-hello,read-alive,type:0x80000099,read-to-end",
  "says hello twice": "hello,hello,read-to-end",
};

/** The master says itself that it started nothing. */
export const refused: Record<string, string> = {
  "refuses the session (MaxSessions)": `${given},failure,read-to-end`,
  "denies the session": `${given},denied,read-to-end`,
  "refuses and dies": `${given},failure,die`,
  "refuses in single bytes": `${given},slow-failure,read-to-end`,
};

/** The request is with the master, and no word of it says what became of it: 255, and never again. `runs`: whether it had run. */
export const unknown: Record<string, { script: string; runs: boolean }> = {
  "closes after the request": { script: `${asked},close`, runs: false },
  "dies after the request": { script: `${asked},die`, runs: false },
  "dies after half of the request": { script: `${met},read-half-session,die`, runs: false },
  "dies after the descriptors": { script: `${given},die`, runs: false },
  "closes after the descriptors": { script: `${given},close`, runs: false },
  "runs it and dies before the reply": { script: `${ran},die`, runs: true },
  "runs it and closes before the reply": { script: `${ran},close`, runs: true },
  "runs it, takes its socket along and dies": { script: `${ran},unlink,die`, runs: true },
  "runs it and dies in the middle of the reply": { script: `${ran},half-opened,die`, runs: true },
  "runs it and closes in the middle of a refusal": { script: `${ran},half-failure,close`, runs: true },
  "runs it and replies for another request": { script: `${ran},opened-wrong-rid,read-to-end`, runs: true },
  "runs it and refuses another request": { script: `${ran},failure-wrong-rid,read-to-end`, runs: true },
  "runs it and replies too short": { script: `${ran},opened-short,read-to-end`, runs: true },
  "runs it and replies with an oversized frame": { script: `${ran},oversized,read-to-end`, runs: true },
  "runs it and replies with four GB": { script: `${ran},huge,read-to-end`, runs: true },
  "runs it and replies in HTTP": { script: `${ran},text,read-to-end`, runs: true },
  "runs it and replies with a type that nobody knows": { script: `${ran},type:0x80000099,read-to-end`, runs: true },
  "runs it and is alive again": { script: `${ran},alive,read-to-end`, runs: true },
  "runs it and exits without having opened": { script: `${ran},exit:0,read-to-end`, runs: true },
};

/** It was opened, so it started: what comes then is what OpenSSH's own client makes of it. */
export const started: Record<string, { script: string; code: number }> = {
  "exits with 0": { script: `${opened},exit:0,close`, code: 0 },
  "exits with 7": { script: `${opened},exit:7,close`, code: 7 },
  "exits with 255": { script: `${opened},exit:255,close`, code: 255 },
  "dies after opening": { script: `${opened},die`, code: 255 },
  "dies in the middle of the exit": { script: `${opened},half-exit:0,die`, code: 255 },
  "closes without an exit": { script: `${opened},close`, code: 255 },
  "exits and dies": { script: `${opened},exit:7,die`, code: 7 },
  "exits twice": { script: `${opened},exit:3,exit:4,close`, code: 255 },
  "exits for another session": { script: `${opened},exit-wrong-sid:3,close`, code: 255 },
  "exits without a value": { script: `${opened},exit-short,close`, code: 255 },
  "fails after opening": { script: `${opened},failure,close`, code: 255 },
  "sends a type that nobody knows": { script: `${opened},type:0x80000099,close`, code: 255 },
  "sends an oversized frame": { script: `${opened},oversized,close`, code: 255 },
  "takes back a terminal that nobody asked for": { script: `${opened},tty-fail,exit:7,close`, code: 7 },
  "takes back another session's terminal": { script: `${opened},tty-fail-wrong-sid,exit:7,close`, code: 255 },
  "does everything in single bytes": {
    script: "slow-hello,read-hello,read-alive,slow-alive,read-session,read-fds,run,slow-opened,slow-exit:7,close",
    code: 7,
  },
  "says hello as newer masters do": { script: `hello-info,${ran.slice("hello,".length)},opened,exit:7,close`, code: 7 },
};
