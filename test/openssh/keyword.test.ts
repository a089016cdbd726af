// -o in all its spellings, and the keywords that the parser understands.
import { expect, it } from "vitest";
import { type Effective, parseArguments } from "../../src/openssh/argv/parse.ts";
import { keywordOf, splitKeyword } from "../../src/openssh/keyword.ts";

it.each([
  "ControlPath=/x",
  "ControlPath /x",
  "ControlPath = /x",
  "ControlPath= /x",
  "ControlPath\t/x",
  "ControlPath   =   /x",
  "controlpath=/x",
  "CONTROLPATH=/x",
  " ControlPath=/x",
  "=ControlPath /x",
  '"ControlPath" /x',
  '"ControlPath"/x',
  'Control"Path" /x',
  'ControlPath="/x"',
  "ControlPath='/x'",
  "ControlPath=/'x'",
  "ControlPath=/x # a comment",
  "ControlPath=/x \t\r\n\f",
])("%j sets the control path", (argument) => {
  expect(keywordOf(argument)).toBe("controlpath");
  for (const words of [
    ["-o", argument, "h"],
    [`-o${argument}`, "h"],
    ["-vo", argument, "h"],
    ["h", "-o", argument],
  ])
    expect(parseArguments(words)).toMatchObject({ error: undefined, host: "h", effective: { controlPath: "/x" } });
});

it.each(["", " ", "# comment", " # comment", "\n", '"User'])("%j says nothing, and ssh does not mind", (argument) => {
  expect(splitKeyword(argument)).toBeUndefined();
  expect(parseArguments(["-o", argument, "h"]).error).toBeUndefined();
});

it.each<[string, RegExp]>([
  ["User", /no argument/],
  ["User=", /no argument/],
  ["User ", /no argument/],
  ['User ""', /bad value/],
  ["User # x", /bad value/],
  ["User 'x", /invalid quotes/],
  ["User a b", /extra arguments/],
  ["Port 0", /bad value/],
  ["RequestTTY never", /bad value/],
  ["RequestTTY yes no", /extra arguments/],
  ["ControlMaster maybe", /bad value/],
  ["SessionType shell", /bad value/],
  ["StdinNull perhaps", /bad value/],
  ["LogLevel loud", /bad value/],
  ["EscapeChar ab", /bad value/],
  ["ProxyJump @h", /bad value/],
  ["Host x", /bad value/],
  ["Match all", /bad value/],
  ["Include x", /bad value/],
])("%j is refused", (argument, error) => {
  expect(parseArguments(["-o", argument, "h"]).error).toMatch(error);
});

it.each<[string, Partial<Effective>]>([
  ["User=u", { user: "u" }],
  ["Port=22", { port: 22 }],
  ["HostName=%h.x", { hostName: "%h.x" }],
  ["Tag=t", { tag: "t" }],
  ["ControlMaster=AUTO", { controlMaster: "auto" }],
  ["ControlMaster=true", { controlMaster: "yes" }],
  ["ControlPersist=10m", { controlPersist: "10m" }],
  ["RequestTTY=Force", { requestTty: "force" }],
  ["SessionType=none", { sessionType: "none" }],
  ["StdinNull=yes", { stdinNull: true }],
  ["ForkAfterAuthentication=no", { fork: false }],
  ["ForwardX11=yes", { x11: true }],
  ["ForwardX11Trusted=no", { x11Trusted: false }],
  ["Compression=yes", { compression: true }],
  ["GatewayPorts=yes", { gatewayPorts: true }],
  ["AddressFamily=inet6", { addressFamily: "inet6" }],
  ["LogLevel=debug1", { logLevel: 5 }],
  ["EscapeChar=^]", { escape: 29 }],
  ["RemoteCommand=a 'b' # c", { remoteCommand: "a 'b' # c" }],
  ["ProxyCommand = nc %h %p", { proxyCommand: "nc %h %p" }],
  ["ProxyJump=a,b", { jump: "a,b" }],
  ["LocalForward=1 h:2", { hasForward: true }],
  ["RemoteForward=1", { hasForward: true }],
  ["DynamicForward=1", { hasForward: true }],
  ["Tunnel=yes", { hasForward: true }],
  ["Tunnel=no", { hasForward: false }],
  ["Frobnicate=1", {}],
])("%j is understood", (argument, effective) => {
  expect(parseArguments(["-o", argument, "h"])).toMatchObject({ error: undefined, effective });
});

it.each<[string, string[]]>([
  ["K a \"b c\" 'd e'", ["a", "b c", "d e"]],
  ["K a\\ b", ["a b"]],
  ['K "a\\"b"', ['a"b']],
  ["K 'a\\ b'", ["a\\ b"]],
  ["K a\\nb", ["a\\nb"]],
  ["K a#b #c", ["a#b"]],
  ['K ""', [""]],
])("%j splits into its values", (argument, values) => {
  expect(splitKeyword(argument)).toMatchObject({ values });
});
