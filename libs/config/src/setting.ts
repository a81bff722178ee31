import { z } from 'zod';

/**
 * One environment variable: how its text becomes a value, and what people are told about it. `allowed` ends the sentence
 * "<variable> must be …".
 */
export interface Setting<Value> {
  readonly variable: string;
  readonly about: string;
  readonly allowed: string;
  /** Text that stands in for a missing variable; `required`: there is none; `optional`: the value is then null. */
  readonly fallback: { readonly kind: 'text'; readonly text: string } | { readonly kind: 'required' } | { readonly kind: 'optional' };
  /** Secrets are never shown, and may come from the file that `<variable>_FILE` names. */
  readonly secret: boolean;
  readonly parse: z.ZodType<Value, string>;
}

/** Settings by the name that the value gets in the configuration. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type ConfigOf<S extends Settings> = { readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never };

interface About {
  readonly variable: string;
  readonly about: string;
}
interface Bounded extends About {
  readonly min: number;
  readonly max: number;
}
/** The text that a missing variable stands for; without one the variable is required. */
interface Fallback {
  readonly fallback?: string;
}

type Kind<Value> = Pick<Setting<Value>, 'allowed' | 'parse'>;

const define = <Value>({ variable, about, fallback }: About & Fallback, kind: Kind<Value>): Setting<Value> => ({
  variable,
  about,
  fallback: fallback === undefined ? { kind: 'required' } : { kind: 'text', text: fallback },
  secret: false,
  ...kind,
});

/** Whole number, `min` to `max`. */
export const integer = (setting: Bounded & Fallback): Setting<number> => {
  const { min, max } = setting;
  const parse = z
    .string()
    .regex(/^[+-]?\d+$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));
  return define(setting, { allowed: `an integer ${min}..${max}`, parse });
};

const quantity = (units: Readonly<Record<string, number>>, { min, max }: Bounded) => {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)\\s*(${Object.keys(units).join('|')})$`);
  const measure = (text: string): number => {
    const [, count, unit] = pattern.exec(text) ?? [];
    // Rounded, because 1.1 × 1000 is 1100.0000000000002 in binary fractions.
    return Math.round(Number(count) * (units[unit ?? ''] ?? Number.NaN));
  };
  return z.string().transform(measure).pipe(z.int().min(min).max(max));
};

const durations = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const sizes = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

const inUnits = (units: Readonly<Record<string, number>>, value: number): string => {
  const [unit, factor] = Object.entries(units)
    .filter(([, factor]) => value >= factor && value % factor === 0)
    .toSorted(([, a], [, b]) => b - a)[0] ??
    Object.entries(units)[0] ?? ['', 1];
  return `${value / factor}${unit}`;
};

/** Duration with its unit, such as `500ms`, `2s`, `1.5m`, `1h`; the value and the bounds are ms. */
export const duration = (setting: Bounded & Fallback): Setting<number> => {
  const span = `${inUnits(durations, setting.min)}..${inUnits(durations, setting.max)}`;
  return define(setting, { allowed: `a duration ${span} with a unit (ms, s, m, h)`, parse: quantity(durations, setting) });
};

/** Size with its unit, such as `16MB` (16,000,000) or `16MiB` (16,777,216); the value and the bounds are bytes. */
export const bytes = (setting: Bounded & Fallback): Setting<number> => {
  const span = `${inUnits(sizes, setting.min)}..${inUnits(sizes, setting.max)}`;
  return define(setting, { allowed: `a size ${span} with a unit (B, KB, MB, GB, KiB, MiB, GiB)`, parse: quantity(sizes, setting) });
};

/** `true` or `false`, also `1` and `0`, `yes` and `no`, `on` and `off`, in any case. */
export const flag = (setting: About & Fallback): Setting<boolean> =>
  define(setting, {
    allowed: 'true or false',
    parse: z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
  });

/** One of a few words. */
export const choice = <const Word extends string>(
  setting: About & Fallback & { readonly words: readonly [Word, ...Word[]] },
): Setting<Word> => define(setting, { allowed: `one of ${setting.words.join(', ')}`, parse: z.string().pipe(z.enum(setting.words)) });

/** Any text that is not empty. */
export const text = (setting: About & Fallback): Setting<string> => define(setting, { allowed: 'a text', parse: z.string().min(1) });

/** Addresses such as `kafka-1:9092,kafka-2:9092`. */
export const addresses = (setting: About & Fallback): Setting<readonly string[]> =>
  define(setting, {
    allowed: 'host:port, several joined by commas',
    parse: z
      .string()
      .transform((text) => text.split(',').map((address) => address.trim()))
      .pipe(z.array(z.string().regex(/^[^\s:/,]+:\d{1,5}$/)).min(1)),
  });

/** A setting that may be missing: its value is then null. */
export const optional = <Value>(setting: Setting<Value>): Setting<Value | null> => ({ ...setting, fallback: { kind: 'optional' } });

/** A password or the like, from the variable itself or from the file that `<variable>_FILE` names. Never shown in errors. */
export const secret = (setting: About): Setting<string> => ({
  ...define(setting, {
    allowed: `a secret, or set ${setting.variable}_FILE to the path of a file that holds it`,
    parse: z.string().min(1),
  }),
  secret: true,
});
