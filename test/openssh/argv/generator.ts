// Makes argument lists for ssh from a seed: every letter, in every form, in good and bad order. The same seed gives the same lists.

export interface List {
  words: Buffer[];
}

/** Control paths that the tests serve; any other one leads nowhere. */
export const SERVED = ["d", "a", "b", "c=1"];

/** mulberry32: numbers from 0 to 1, the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` lists for an ssh whose option letters are `letters`. */
export function generateLists(seed: number, count: number, letters: string): List[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => new Generator(random, letters).list());
}

const FLAGS = "246aACfgkKMnNqsttTtvxXyY";
const RARE_FLAGS = "1GVPZ";
const UNKNOWN = ["z", "H", "d", "h", "?", ":", "=", "u", "\u00e9", "-x"];

// Values of each letter: good ones and bad ones.
const VALUES: Record<string, string[]> = {
  b: ["127.0.0.1"],
  B: ["lo"],
  c: ["aes128-ctr", "+aes256-ctr", "nonsense"],
  D: ["1080", "127.0.0.1:1080", "bad:bad:bad", "0", "/tmp/socks", ""],
  e: ["none", "^A", "~", "x", "^", "ab", "", "^^", "\u00e9"],
  E: ["log"],
  F: ["none", "conf", "/dev/null"],
  i: ["id", "~/.ssh/id_x"],
  I: ["/nonexistent.so"],
  J: ["jump", "u@jump:2222", "a,b@c,ssh://d:1", "none", "NONE", "@h", "h:0", "[::2]:22", "ssh://u@h/path", "", "j # c", ",", "a,,b"],
  L: ["8080:h:80", "127.0.0.1:8080:h:80", "8080", "/tmp/l:/tmp/r", "8080:[::1]:80", "a\\:b:1:h:2", "0:h:80", "1:h:0", "8080:/x/y"],
  l: ["alice", "b@c", "", "--", "-bad", "with space", "a;b", "up'p", "d\\u", "x -y"],
  m: ["hmac-sha2-256", "nonsense"],
  o: [],
  O: ["check", "check", "exit", "stop", "forward", "nonsense", ""],
  p: ["22", "2222", "0", "65536", " 22", "+7", "22x", "", "-1", "007", "ssh", "nonsense"],
  P: ["tag", "--"],
  Q: ["cipher", "key", "nonsense"],
  R: ["8080:h:80", "8080", "0:h:80", "/r:/l", "x:y:z:w:v", "0", "host:8080", "8080:h:?"],
  S: [...SERVED, ...SERVED, "none", "missing", "--", "dir/x"],
  w: ["any", "0:1", "1:any", "x", "", "1:", ":1"],
  W: ["target:80", "[::1]:22", "80", "target", "t:0", "a:b:c", "x/y:80", "", "target:?"],
};

const KEYWORDS: [string, string[]][] = [
  ["User", ["carol", "dave@x", "a b", '"q"', ""]],
  ["Port", ["2022", "0", "x y", "+22", "ssh", ""]],
  ["HostName", ["real.example", "Upper.Example", "%h.example", "127.0.0.1"]],
  ["ControlPath", [...SERVED, ...SERVED, "none", '"a"', "a b", "'b'"]],
  ["ControlMaster", ["no", "yes", "auto", "ask", "autoask", "AUTO", "maybe", "false"]],
  ["ControlPersist", ["yes", "10m", "no"]],
  ["RequestTTY", ["yes", "no", "force", "auto", "Force", "never"]],
  ["SessionType", ["none", "subsystem", "default", "x"]],
  ["StdinNull", ["yes", "no", "x"]],
  ["ForkAfterAuthentication", ["no", "no", "yes", "x"]],
  ["EscapeChar", ["none", "^B", "!", "ab"]],
  ["ForwardAgent", ["yes", "no", "/tmp/agent"]],
  ["ForwardX11", ["no", "yes"]],
  ["ForwardX11Trusted", ["no", "yes"]],
  ["LogLevel", ["ERROR", "quiet", "DEBUG3", "info", "loud"]],
  ["RemoteCommand", ["none", "echo hi", "uname -a # all"]],
  ["ProxyCommand", ["none", "nc %h %p", "= nc", '"quoted x"']],
  ["ProxyJump", ["jump:22", "none", "@bad", "a,b"]],
  ["Compression", ["yes", "no", "maybe"]],
  ["GatewayPorts", ["yes", "no"]],
  ["AddressFamily", ["inet6", "any", "INET", "ipv9"]],
  ["LocalForward", ["8081 h:80", "8081 /tmp/x", "nonsense"]],
  ["DynamicForward", ["1081"]],
  ["SetEnv", ["A=1", '"A=b c" D=e']],
  ["SendEnv", ["LC_*", "A B"]],
  ["ConnectTimeout", ["5", "nonsense"]],
  ["ServerAliveInterval", ["7", "nonsense"]],
  ["BatchMode", ["yes"]],
  ["StrictHostKeyChecking", ["accept-new"]],
  ["PermitLocalCommand", ["yes"]],
  ["LocalCommand", ["true"]],
  ["ClearAllForwardings", ["yes", "no"]],
  ["Tunnel", ["no", "yes"]],
  ["IgnoreUnknown", ["Frob*"]],
  ["Frobnicate", ["1"]],
  ["Host", ["x"]],
  ["Match", ["all"]],
  ["Include", ["x"]],
];

const HOSTS = ["h", "host.example", "Host.Example", "10.0.0.1", "::1", "[::1]", "a_b", "h*", "h,i"];
const DESTINATIONS = [
  ...["u@h", "u@v@h", "@h", "u@", "", "-", "with space", "a;b", "$x", "u;x@h", "-x@h", "h:22", "u@ssh://h", "\u00fc@h\u00f6st", "u\\@h"],
  ...[
    "ssh://h",
    "ssh://u@h",
    "ssh://u@h:2200",
    "ssh://h:2200/",
    "ssh://h/",
    "ssh://h/path",
    "ssh://h:0",
    "ssh://h:",
    "ssh://h:x/",
    "ssh://@h",
  ],
  ...[
    "ssh://u;fingerprint=x@h",
    "ssh://;x@h",
    "ssh://u%40v@h:22",
    "ssh://u+v@h",
    "ssh://u%zz@h",
    "ssh://u%00@h",
    "ssh://u@v@h",
    "ssh://u@",
  ],
  ...["ssh://[::1]:22", "ssh://[h]:22", "ssh://h.", "ssh://h..i", "ssh://", "SSH://h", "ssh:/h", "ssh://h:22:23", "ssh://-h", "ssh://[h]x"],
];
const COMMAND_WORDS = ["ls", "-la", "--", "-p", "9", "", "echo", "a b", "'q'", "\u00e9t\u00e9", "-", "-N", "ssh://x", "-v-", "host", "\t"];

class Generator {
  private readonly random: () => number;
  private readonly letters: string;

  constructor(random: () => number, letters: string) {
    this.random = random;
    this.letters = letters;
  }

  list(): List {
    const words: Buffer[] = [];
    this.options(words, this.upTo(4));
    if (this.chance(0.08)) words.push(Buffer.from("--"));
    if (this.chance(0.97)) {
      words.push(this.host());
      if (this.chance(0.4)) this.options(words, 1 + this.upTo(2));
      if (this.chance(0.1)) words.push(Buffer.from("--"));
      if (this.chance(0.7)) for (let i = this.upTo(3); i >= 0; i--) words.push(this.commandWord());
    }
    // Now and then the line ends too early, perhaps between a letter and its argument.
    if (this.chance(0.03)) words.pop();
    return { words };
  }

  private options(words: Buffer[], count: number): void {
    for (let i = 0; i < count; i++) words.push(...this.option());
  }

  // A cluster of flags, with at most one letter that takes an argument at its end.
  private option(): Buffer[] {
    let cluster = "-";
    const flags = this.chance(0.5) ? 0 : 1 + this.upTo(2);
    for (let i = 0; i < flags; i++) cluster += this.flag();
    if (flags > 0 && this.chance(0.6)) {
      if (this.chance(0.01)) cluster += "-";
      return [Buffer.from(cluster)];
    }
    const letter = this.pick([..."bBcDeEFiIJLlmoooooooOpPRSSwW".replace("P", this.letters.includes("P:") ? "P" : "")]);
    const argument = this.argument(letter);
    if (argument.length > 0 && this.chance(0.5)) return [Buffer.concat([Buffer.from(cluster + letter), argument])];
    return [Buffer.from(cluster + letter), argument];
  }

  private flag(): string {
    if (this.chance(0.01)) return this.pick(UNKNOWN);
    if (this.chance(0.02)) return this.pick([...RARE_FLAGS].filter((letter) => !this.letters.includes(`${letter}:`)));
    return this.pick([...FLAGS]);
  }

  private argument(letter: string): Buffer {
    if (letter === "o") return Buffer.from(this.keyword());
    let value = this.pick(VALUES[letter] ?? []);
    if ((letter === "D" || letter === "L" || letter === "W") && this.chance(0.02)) value = "$" + "{NOWHERE}:1";
    const bytes = Buffer.from(value);
    return "lEiS".includes(letter) && this.chance(0.03) ? Buffer.concat([bytes, Buffer.from([0xff, 0xc3])]) : bytes;
  }

  // -o in all its spellings.
  private keyword(): string {
    if (this.chance(0.04)) return this.pick(["", " ", "# comment", "User", "User=", '"User', "User 'x", "=User=e", " User e", "==User e"]);
    const [name, values] = this.pick(KEYWORDS);
    const value = this.pick(values);
    const spelled = this.pick([name, name, name.toLowerCase(), name.toUpperCase(), `"${name}"`, ` ${name}`, `\t${name}`]);
    const separator = spelled.startsWith('"') ? this.pick([" ", ""]) : this.pick(["=", "=", " ", " = ", "= ", " =", "\t", "  "]);
    const quoted = this.chance(0.15) && !/["']/.test(value) ? `"${value}"` : value;
    return spelled + separator + quoted + this.pick(["", "", "", " ", " # comment", "\t\n"]);
  }

  private host(): Buffer {
    const host = Buffer.from(this.chance(0.55) ? this.pick(HOSTS) : this.pick(DESTINATIONS));
    return this.chance(0.02) ? Buffer.concat([host, Buffer.from([0xe9])]) : host;
  }

  private commandWord(): Buffer {
    const word = Buffer.from(this.pick(COMMAND_WORDS));
    return this.chance(0.1) ? Buffer.concat([word, Buffer.from([0x80, 0xfe, 0xed, 0xa0, 0x80])]) : word;
  }

  private pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private upTo(most: number): number {
    return Math.floor(this.random() * (most + 1));
  }
}
