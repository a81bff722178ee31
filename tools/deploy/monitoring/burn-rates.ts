/*
 * Service levels by multi-window burn rates: an alert when an error budget is being used up so many times too fast, over a long window (it
 * matters) and a short one (it still goes on). Windows and factors as in Google's SRE Workbook, chapter 5, for a budget of 30 days.
 */

export const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;

export interface Burn {
  readonly severity: 'page' | 'ticket';
  readonly factor: number;
  readonly long: (typeof windows)[number];
  readonly short: (typeof windows)[number];
}

const burns: readonly Burn[] = [
  { severity: 'page', factor: 14.4, long: '1h', short: '5m' },
  { severity: 'page', factor: 6, long: '6h', short: '30m' },
  { severity: 'ticket', factor: 3, long: '1d', short: '2h' },
  { severity: 'ticket', factor: 1, long: '3d', short: '6h' },
];

export interface ServiceLevel {
  /** Part of the names of its series and alerts. */
  readonly name: 'freshness' | 'failures';
  /** Share of what may go wrong. */
  readonly budget: number;
  /** Share that went wrong in a window. */
  readonly errors: (window: string) => string;
}

export const ratioName = ({ name }: ServiceLevel, window: string): string => `dsf:${name}_errors:ratio_rate${window}`;

/** True while any pair of windows of the severity burns too fast. */
export const burnExpression = (level: ServiceLevel, severity: Burn['severity']): string =>
  burns
    .filter((burn) => burn.severity === severity)
    .map(({ factor, long, short }) => {
      const limit = Number((factor * level.budget).toPrecision(4));
      return `(${ratioName(level, long)} > ${limit} and ${ratioName(level, short)} > ${limit})`;
    })
    .join(' or ');
