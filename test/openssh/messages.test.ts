/** ssh's own words, as 9.2 and 10.x write them: what they prove about a dial, and what a dead master's log tells. */
import { describe, expect, test } from "vitest";
import { classifyDialFailure, lastWords } from "../../src/openssh/messages.ts";

describe("a dial failed", () => {
  test.each([
    "ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n",
    "ssh: connect to host h port 22: Connection timed out\r\n",
    "ssh: connect to host 10.0.0.1 port 22: No route to host\r\n",
    "ssh: connect to host ::1 port 22: Network is unreachable\r\n",
    "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 127.0.0.1 port 22\r\n",
    "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535\r\n",
    "ssh_exchange_identification: Connection closed by remote host\r\n",
    "Connection timed out during banner exchange\r\nConnection to 127.0.0.1 port 22 timed out\r\n",
    "banner exchange: Connection to UNKNOWN port -1: Broken pipe\r\n",
    "ssh: Could not resolve hostname h: Temporary failure in name resolution\r\n",
  ])("and may be repeated: %j", (words) => expect(classifyDialFailure(words)).toBe("transient"));

  test.each([
    "root@h: Permission denied (publickey).\r\n",
    "Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures\r\nDisconnected from 127.0.0.1 port 22\r\n",
    "Host key verification failed.\r\n",
    "No ED25519 host key is known for h and you have requested strict checking.\r\nHost key verification failed.\r\n",
    "Unable to negotiate with 127.0.0.1 port 22: no matching key exchange method found. Their offer: x\r\n",
    "ssh: Could not resolve hostname h: Name or service not known\r\n",
    "/home/x/.ssh/config: line 1: Bad configuration option: foo\r\n/home/x/.ssh/config: terminating, 1 bad configuration options\r\n",
    // The jump host let nobody in: what the outer ssh says about it does not make it harmless.
    "root@jump: Permission denied (publickey).\r\nkex_exchange_identification: Connection closed by remote host\r\n",
  ])("and is never repeated: %j", (words) => expect(classifyDialFailure(words)).toBe("final"));

  test.each(["", "Connection closed by 127.0.0.1 port 22\r\n", "Connection reset by 127.0.0.1 port 22\r\n", "something new\r\n"])(
    "and nothing is proven: %j",
    (words) => expect(classifyDialFailure(words)).toBe("unknown"),
  );

  test("because somebody else serves the path, or it cannot be linked", () => {
    expect(classifyDialFailure("ControlSocket /x/y already exists, disabling multiplexing\r\n")).toBe("taken");
    expect(classifyDialFailure("muxserver_listen: link mux listener /x/y.aB3 => /x/y: Operation not permitted\r\n")).toBe("unlinkable");
  });
});

describe("a master's last words", () => {
  test.each([
    "Timeout, server 127.0.0.1 not responding.\r\n",
    "Connection to 127.0.0.1 port 33269 timed out\r\n",
    "Connection reset by 127.0.0.1 port 22\r\n",
    "client_loop: send disconnect: Broken pipe\r\n",
    "Received disconnect from 127.0.0.1 port 22:11: bye\r\nDisconnected from 127.0.0.1 port 22\r\n",
  ])("are told: %j", (words) => {
    expect(lastWords(`Warning: Permanently added 'h' (ED25519) to the list of known hosts.\r\n${words}`)).toBe(words);
  });
  test("are not what it said of a session that was refused, or of its dial", () => {
    expect(lastWords("channel 2: open failed: administratively prohibited: open failed\r\n")).toBe("");
    expect(lastWords("Connection closed by 127.0.0.1 port 22\r\nmux_client: something later\r\n")).toBe("");
    expect(lastWords("")).toBe("");
  });
});
