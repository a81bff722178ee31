const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m` → 900000. The schema has checked the form. */
export const durationMs = (text: string): number => {
  const [, amount = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(amount) * (Object.entries(unitMs).find(([name]) => name === unit)?.[1] ?? 1);
};
