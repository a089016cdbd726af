/** Unix sockets, each use with its deadline. */
export { bindSocket, talk } from "./host.ts";
export type { Talk } from "./types.ts";
