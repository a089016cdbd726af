// What a dial repeats of the caller's options, and what it leaves to the session.
import { expect, it } from "vitest";
import { connectionArguments, dialDestination } from "../../../src/openssh/argv/connection.ts";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { parseArguments } from "../../../src/openssh/argv/parse.ts";

const LETTERS = lettersOf([10, 5]);

it.each<[string, string[], string[]]>([
  ["nothing", ["h"], ["h"]],
  ["keeps flags of the connection", ["-246AaCgKkq", "h"], [..."246AaCgKkq"].map((letter) => `-${letter}`).concat("h")],
  [
    "keeps letters that shape the connection, joined",
    [..."BbcFIiJlmPp"].flatMap((letter) => [`-${letter}`, "1"]).concat("h"),
    [..."BbcFIiJlmPp"].map((letter) => `-${letter}1`).concat("h"),
  ],
  ["drops flags of the session", ["-fMNnTtvXxYy", "h"], ["h"]],
  ["drops letters of the session", ["-D1", "-e~", "-L1:h:2", "-R1", "-Sx", "-w0", "-Elog", "h"], ["h"]],
  ["drops -O and -W", ["-Wa:1", "h"], ["h"]],
  ["drops -O", ["-Ocheck", "h"], ["h"]],
  ["drops -s", ["-s", "h"], ["h"]],
  ["keeps -o of the connection as spelled", ["-o", "Compression = yes", "-oUser=u", "h"], ["-oCompression = yes", "-oUser=u", "h"]],
  ["drops -o of the session however it is spelled", ["-o", "CONTROLPATH x", '-o"SendEnv" A', "-o requesttty=no", "h"], ["h"]],
  ["keeps the order", ["-p1", "-oPort=2", "h", "-lx", "-oUser=y"], ["-p1", "-oPort=2", "-lx", "-oUser=y", "h"]],
  ["keeps options after the host", ["h", "-p", "9", "-v"], ["-p9", "h"]],
  ["writes an empty argument apart", ["-l", "", "h"], ["-l", "", "h"]],
  ["never lets an argument be --", ["-l", "--", "h"], ["-l--", "h"]],
  ["puts the destination's user and port first where they count", ["ssh://u@h:2", "-lx", "-p1"], ["-lu", "-p2", "-lx", "-p1", "h"]],
  ["leaves them out where they do not", ["-lx", "-oport 1", "ssh://u@h:2"], ["-lx", "-oport 1", "h"]],
  ["splits the user off", ["u@v@h"], ["-lu@v", "h"]],
  ["does not let a host become a URI", ["u@ssh://h"], ["-lu", "u@ssh://h"]],
])("%s", (_, words, dial) => {
  const parsed = parseArguments(words, LETTERS);
  expect([...connectionArguments(parsed), dialDestination(parsed)]).toEqual(dial);
});

it.each([
  ...[
    "ControlMaster=no",
    "ControlPath=x",
    "ControlPersist=1",
    "SendEnv=A",
    "SetEnv=A=1",
    "RequestTTY=no",
    "RemoteCommand=x",
    "SessionType=none",
  ],
  ...[
    "ForkAfterAuthentication=no",
    "StdinNull=no",
    "EscapeChar=none",
    "PermitLocalCommand=yes",
    "LocalCommand=x",
    "ClearAllForwardings=yes",
  ],
  ...["LocalForward=1 h:2", "RemoteForward=1", "DynamicForward=1", "Tunnel=no", "TunnelDevice=any"],
])("-o%s is the session's own", (argument) => {
  expect(connectionArguments(parseArguments(["-o", argument, "h"], LETTERS))).toEqual([]);
});

it("reads the same connection out of what it wrote", () => {
  const first = parseArguments(["-6Cp", "22", "-oUser=a b", "-o", "HostName x", "u@h", "-A"], LETTERS);
  const again = parseArguments([...connectionArguments(first), dialDestination(first) as string], LETTERS);
  expect([...connectionArguments(again), dialDestination(again)]).toEqual([...connectionArguments(first), dialDestination(first)]);
});
