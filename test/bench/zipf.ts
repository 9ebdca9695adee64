interface ZipfOptions {
  readonly programs: number;
  readonly requests: number;
  readonly exponent: number;
}

/**
 * Requests for programs, by their numbers: the program of rank r is asked for in proportion to r to the power of minus
 * `exponent`. The same options give the same trace.
 */
export function zipfTrace({ programs, requests, exponent }: ZipfOptions): readonly number[] {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= programs; rank++) sums.push((sum += rank ** -exponent));
  let state = 1;
  // Of Numerical Recipes; its upper bits are good enough to draw ranks.
  const random = () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
  return Array.from({ length: requests }, () => firstAbove(sums, random() * sum));
}

function firstAbove(sums: readonly number[], wanted: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
