// The part of a mux client that plain Node APIs can do: connect, hello, alive. Descriptors cannot be passed without native code, so no session.
// With a second argument it stays connected, to have its memory looked at.
import { connect } from "node:net";

const [socketPath = "", stay] = process.argv.slice(2);
const master = connect(socketPath, () => {
  const request = Buffer.alloc(24);
  for (const [index, word] of [8, 1, 4, 8, 0x10000004, 0].entries()) request.writeUInt32BE(word, index * 4);
  master.write(request);
});
let received = Buffer.alloc(0);
master.on("data", (bytes) => {
  received = Buffer.concat([received, bytes]);
  const next = received.length < 4 ? Number.POSITIVE_INFINITY : 4 + received.readUInt32BE(0);
  if (received.length < next + 8 || received.readUInt32BE(next + 4) !== 0x80000005) return;
  if (stay === undefined) process.exit(0);
});
master.on("error", () => process.exit(253));
