/** A number as people read it: 12,345. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** `1 message`, `12,345 messages`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${grouped(count)} ${count === 1 ? one : many}`;
