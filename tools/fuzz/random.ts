/** A seeded source of random choices (xorshift32): a run is repeated by its seed. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
  chance(oneIn: number): boolean;
  bytes(count: number): Uint8Array;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 0x9e3779b9;
  function next(): number {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  }
  const int = (below: number): number => next() % below;
  return {
    int,
    pick(from) {
      const value = from[int(from.length)];
      if (value === undefined) throw new Error("nothing to pick from");
      return value;
    },
    chance: (oneIn) => int(oneIn) === 0,
    bytes: (count) => Uint8Array.from({ length: count }, () => int(256)),
  };
}
