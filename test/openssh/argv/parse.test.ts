// What each of ssh's options adds up to, in each of its forms: joined, separate, clustered, repeated and after the host.
import { describe, expect, it } from "vitest";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { type Effective, type Parsed, parseArguments } from "../../../src/openssh/argv/parse.ts";

const LETTERS = lettersOf([10, 5]);

type Some = Partial<Effective>;

// Each flag: what it sets, and what it sets when given twice.
const FLAGS: [string, Some, Some?][] = [
  ["2", {}],
  ["4", { addressFamily: "inet" }],
  ["6", { addressFamily: "inet6" }],
  ["A", { agent: true }],
  ["a", { agent: false }],
  ["C", { compression: true }],
  ["f", { fork: true, stdinNull: true }],
  ["G", { printsConfiguration: true }],
  ["g", { gatewayPorts: true }],
  ["K", {}],
  ["k", {}],
  ["M", { controlMaster: "yes" }, { controlMaster: "ask" }],
  ["N", { sessionType: "none", requestTty: "no" }],
  ["n", { stdinNull: true }],
  ["q", { logLevel: 0 }],
  ["s", { sessionType: "subsystem" }],
  ["T", { requestTty: "no" }],
  ["t", { requestTty: "yes", ttyCount: 1 }, { requestTty: "force", ttyCount: 2 }],
  ["v", { verbose: 1, logLevel: 5 }, { verbose: 2, logLevel: 6 }],
  ["X", { x11: true }],
  ["x", { x11: false }],
  ["Y", { x11: true, x11Trusted: true }],
  ["y", { syslog: true }],
  ["Z", { asksItself: "Z" }],
];

describe.each(FLAGS)("-%s", (letter, once, twice = once) => {
  it("says the same alone, in a cluster and after the host", () => {
    for (const words of [
      [`-${letter}`, "h"],
      [`-2${letter}`, "h"],
      [`-${letter}2`, "h"],
      ["h", `-${letter}`],
      ["h", `-2${letter}2`],
    ])
      expect(parse(words)).toMatchObject({ error: undefined, host: "h", effective: once });
  });
  it("can be repeated", () => {
    for (const words of [
      [`-${letter}${letter}`, "h"],
      [`-${letter}`, `-${letter}`, "h"],
      [`-${letter}`, "h", `-${letter}`],
    ])
      expect(parse(words)).toMatchObject({ error: undefined, effective: twice });
  });
});

// Each letter with an argument: two values, what the first sets, and which of both wins ("first", "last", or why both are refused).
const WITH_ARGUMENT: [string, string, string, Some, Some | RegExp][] = [
  ["B", "lo", "eth0", {}, {}],
  ["b", "10.0.0.1", "::1", {}, {}],
  ["c", "aes128-ctr", "aes256-ctr", {}, {}],
  ["D", "1080", "1081", { hasForward: true }, { hasForward: true }],
  ["E", "one", "two", { logFile: "one" }, { logFile: "two" }],
  ["e", "^A", "none", { escape: 1 }, { escape: "none" }],
  ["F", "one", "two", { configFile: "one" }, { configFile: "two" }],
  ["I", "one.so", "two.so", {}, {}],
  ["i", "one", "two", {}, {}],
  ["J", "a", "b", { jump: "a" }, /-J given twice/],
  ["L", "8080:h:80", "/a:/b", { hasForward: true }, { hasForward: true }],
  ["l", "alice", "bob", { user: "alice" }, { user: "alice" }],
  ["m", "hmac-sha2-256", "hmac-sha2-512", {}, {}],
  ["O", "check", "exit", { control: "check" }, /-O given twice/],
  ["P", "one", "two", { tag: "one" }, { tag: "one" }],
  ["p", "2022", "2023", { port: 2022 }, { port: 2022 }],
  ["R", "8080:h:80", "0", { hasForward: true }, { hasForward: true }],
  ["S", "one", "two", { controlPath: "one" }, { controlPath: "two" }],
  ["W", "h:80", "i:81", { stdioForward: { host: "h", port: 80 }, requestTty: "no", sessionType: "none" }, /-W given twice/],
  ["w", "0:1", "any", { hasForward: true }, { hasForward: true }],
  ["o", "ControlPath=one", "ControlPath=two", { controlPath: "one" }, { controlPath: "one" }],
];

describe.each(WITH_ARGUMENT)("-%s", (letter, one, two, once, both) => {
  it("takes its argument joined, separate, at the end of a cluster and after the host", () => {
    const spelled = [[`-${letter}${one}`], [`-${letter}`, one], [`-2${letter}${one}`], [`-2${letter}`, one]];
    for (const words of spelled.flatMap((option) => [
      [...option, "h"],
      ["h", ...option],
    ])) {
      expect(parse(words)).toMatchObject({ error: undefined, host: "h", effective: once });
      expect(parse(words).options.at(-1)).toMatchObject({ letter, argument: one });
    }
  });
  it("has a winner, or is refused, when given twice", () => {
    for (const words of [
      [`-${letter}${one}`, `-${letter}`, two, "h"],
      [`-${letter}`, one, "h", `-${letter}${two}`],
    ])
      expect(parse(words)).toMatchObject(
        both instanceof RegExp ? { error: expect.stringMatching(both) } : { error: undefined, effective: both },
      );
  });
  it("is refused without its argument", () => {
    expect(parse(["h", `-${letter}`]).error).toMatch(/requires an argument/);
  });
});

describe("what an option does to another", () => {
  it.each<[string, string[], Some]>([
    ["-S wins over an earlier and a later ControlPath", ["-oControlPath=a", "-S", "b", "-oControlPath=c"], { controlPath: "b" }],
    ["-t after RequestTTY=yes forces", ["-oRequestTTY=yes", "-t"], { requestTty: "force", ttyCount: 1 }],
    ["RequestTTY after -t says nothing", ["-t", "-oRequestTTY=no"], { requestTty: "yes" }],
    ["-ttt is yes again", ["-ttt"], { requestTty: "yes", ttyCount: 3 }],
    ["-tT is no", ["-tT"], { requestTty: "no" }],
    ["-Tt is yes", ["-Tt"], { requestTty: "yes" }],
    ["-Nt asks for a tty that there will not be", ["-N", "-t"], { requestTty: "yes", sessionType: "none" }],
    ["-M thrice is yes again", ["-MMM"], { controlMaster: "yes" }],
    ["-M wins over ControlMaster", ["-oControlMaster=auto", "-M"], { controlMaster: "yes" }],
    ["-M after ControlMaster=yes asks", ["-oControlMaster=yes", "-M"], { controlMaster: "ask" }],
    ["-A and -a: the last one wins", ["-A", "-a"], { agent: false }],
    ["ForwardAgent: the first one wins", ["-oForwardAgent=no", "-oForwardAgent=yes"], { agent: false }],
    ["ForwardAgent of a path", ["-oForwardAgent=/a"], { agent: true, agentSocket: "/a" }],
    ["-X and -x: the last one wins", ["-X", "-x"], { x11: false }],
    ["-v after -q counts from quiet only the second time", ["-vqv"], { verbose: 2, logLevel: 1 }],
    ["LogLevel before -v", ["-oLogLevel=ERROR", "-v"], { verbose: 1, logLevel: 5 }],
    ["-f after StdinNull=no", ["-oStdinNull=no", "-f"], { stdinNull: true, fork: true }],
    ["-W of a port alone forwards nothing", ["-W", "80"], { stdioForward: undefined, requestTty: "no", sessionType: "none" }],
    ["-W of a bracketed address", ["-W", "[::1]:22"], { stdioForward: { host: "::1", port: 22 } }],
    ["ProxyCommand after -J is ignored", ["-Jj", "-oProxyCommand=x"], { jump: "j", proxyCommand: undefined }],
    ["ProxyJump after ProxyCommand is ignored", ["-oProxyCommand=x", "-oProxyJump=j"], { jump: undefined, proxyCommand: "x" }],
    ["a service's name is left to ssh", ["-p", "ssh"], { port: "ssh" }],
  ])("%s", (_, options, effective) => {
    expect(parse([...options, "h"])).toMatchObject({ error: undefined, effective });
    expect(parse(["h", ...options])).toMatchObject({ error: undefined, effective });
  });

  it.each<[string, string[], RegExp]>([
    ["-O after -W", ["-Wa:1", "-Ocheck"], /-O with -W/],
    ["-W after -O", ["-Ocheck", "-Wa:1"], /-W with -O/],
    ["-s after -N", ["-N", "-s"], /-s with -N/],
    ["-N after -s", ["-s", "-N"], /-N with -s/],
    ["-s after -W", ["-Wa:1", "-s"], /-s with -N, -W/],
    ["-N after SessionType", ["-oSessionType=default", "-N"], /-N with -s/],
    ["-J after ProxyCommand", ["-oProxyCommand=none", "-Jj"], /-J with ProxyCommand/],
    ["-J after ProxyJump", ["-oProxyJump=none", "-Jj"], /-J given twice/],
    ["-y with -E", ["-y", "-Elog"], /-y with -E/],
    ["-1", ["-1"], /v\.1/],
    ["an unknown -O", ["-O", "status"], /unknown -O command/],
    ["port 0", ["-p", "0"], /bad port/],
    ["port 65536", ["-p65536"], /bad port/],
    ["two escape characters", ["-e", "ab"], /bad escape/],
    ["a -W without a port", ["-W", "a:b:c"], /bad stdio/],
    ["a -L without a target", ["-L", "8080"], /bad specification/],
    ["a -w that is no number", ["-w", "x"], /bad specification/],
    ["an empty hop", ["-J", "a,,b"], /invalid -J/],
    ["a hop that a shell would read", ["-J", "a;b"], /invalid -J/],
    ["a user that a shell would read", ["-l", "a;b"], /username contains/],
    ["a user that looks like an option", ["-l-x"], /username contains/],
  ])("refuses %s", (_, options, error) => {
    expect(parse([...options, "h"]).error).toMatch(error);
    expect(parse(["h", ...options]).error).toMatch(error);
  });

  it("refuses a subsystem without a name, and a command beside RemoteCommand", () => {
    expect(parse(["-s", "h"], false).error).toMatch(/subsystem/);
    expect(parse(["-s", "h"], true).error).toBeUndefined();
    expect(parse(["-oRemoteCommand=ls", "h"], true).error).toMatch(/RemoteCommand/);
    expect(parse(["-oRemoteCommand=none", "h"], true).error).toBeUndefined();
  });

  it("reads nothing after -V and -Q", () => {
    expect(parse(["-V", "-z"])).toMatchObject({ error: undefined, effective: { asksItself: "V" } });
    expect(parse(["-vQcipher", "--nonsense"])).toMatchObject({ error: undefined, effective: { asksItself: "Q" } });
  });
});

function parse(words: string[], hasCommand = true): Parsed {
  return parseArguments(words, LETTERS, words.length > 0 ? hasCommand : undefined);
}
