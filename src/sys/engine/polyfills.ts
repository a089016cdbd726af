/** What the language has got since ES2020 and the control plane uses: at, findLast, findLastIndex, toReversed, Object.hasOwn. */

function define(object: object, name: string, value: unknown): void {
  if (!(name in object)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

function at(this: ArrayLike<unknown>, index: number): unknown {
  const place = Math.trunc(index) || 0;
  return this[place < 0 ? this.length + place : place];
}

for (const { prototype } of [Array, String, Uint8Array]) define(prototype, "at", at);

define(
  Array.prototype,
  "findLastIndex",
  function findLastIndex(this: unknown[], test: (value: unknown, index: number, all: unknown[]) => unknown) {
    for (let index = this.length - 1; index >= 0; index--) if (test(this[index], index, this)) return index;
    return -1;
  },
);

define(Array.prototype, "findLast", function findLast(this: unknown[], test: (value: unknown, index: number, all: unknown[]) => unknown) {
  return this[this.findLastIndex(test)];
});

define(Array.prototype, "toReversed", function toReversed(this: unknown[]) {
  return [...this].reverse();
});

define(Object, "hasOwn", (object: object, name: PropertyKey) => Object.hasOwn(object, name));
