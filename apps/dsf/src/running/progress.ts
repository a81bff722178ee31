import type { PhaseName } from '@dsf/ports';
import type { Status } from '@dsf/wiring';
import { createLogUpdate } from 'log-update';
import { grouped } from '../counted.ts';
import type { Output } from '../output.ts';
import type { PhaseCounter, PhaseCounts } from './phase-counts.ts';

/** Shows how far the phases of this process have come. */
export interface Progress {
  /** Redraws on a terminal; elsewhere says a line when the last one is old enough. */
  readonly show: (status: Status | null) => void;
  /** A line that stays. */
  readonly say: (line: string) => void;
  /** Leaves the last state standing. */
  readonly end: (status: Status | null) => void;
}

/** What each phase counts. */
const units: Readonly<Record<PhaseName, string>> = { ingest: 'records', flatten: 'records', summarise: 'points', publish: 'documents' };
const plainEveryMs = 2000;

/** What a person calls done: publish coalesces several changes of a group into one document, so there it is what went out. */
const doneOf = (phase: PhaseName, { received, written }: PhaseCounts): number => (phase === 'publish' ? written : received);

/** Records that wait before a phase, over all sources or publications. */
const lagOf = ({ sources, publications }: Status, phase: PhaseName): number =>
  [...sources, ...publications].flatMap(({ phases }) => phases).reduce((sum, one) => (one.phase === phase ? sum + one.lag : sum), 0);

const rateText = (rate: number): string => `${grouped(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate))}/s`;

export const createProgress = (
  talk: Output,
  phases: readonly PhaseName[],
  { counter, now }: { readonly counter: PhaseCounter; readonly now: () => number },
): Progress => {
  const { paint } = talk;
  const block = talk.isTerminal ? createLogUpdate(talk.stream) : null;
  let saidAt = now() - plainEveryMs + 500;
  let lastPlain = '';

  const failedText = (failed: number, painted: boolean): string => {
    const text = `failed ${grouped(failed)}`;
    return painted && failed > 0 ? paint.yellow(text) : text;
  };
  const full = (status: Status | null): string =>
    phases
      .map((phase) => {
        const counts = counter.counts(phase);
        const { failed, rate } = counts;
        const done = grouped(doneOf(phase, counts));
        const lag = status === null ? '' : `lag ${grouped(lagOf(status, phase))}`;
        return `  ${phase.padEnd(10)}${done.padStart(12)} ${units[phase].padEnd(10)}${rateText(rate).padStart(11)}   ${lag.padEnd(12)} ${failedText(failed, true)}`;
      })
      .join('\n');
  const plain = (status: Status | null): string =>
    phases
      .map((phase) => {
        const counts = counter.counts(phase);
        const { failed, rate } = counts;
        const done = grouped(doneOf(phase, counts));
        const lag = status === null ? '' : `, lag ${grouped(lagOf(status, phase))}`;
        return `${phase} ${done} ${units[phase]} (${rateText(rate)}${lag}, ${failedText(failed, false)})`;
      })
      .join('; ');
  const sayPlain = (status: Status | null): void => {
    const text = plain(status);
    if (text === lastPlain) return;
    lastPlain = text;
    void talk.line(text);
  };

  return {
    show(status) {
      if (block !== null) block(full(status));
      else if (now() - saidAt >= plainEveryMs) {
        saidAt = now();
        sayPlain(status);
      }
    },
    say(line) {
      block?.clear();
      void talk.line(line);
    },
    end(status) {
      if (block === null) return sayPlain(status);
      block(full(status));
      block.done();
    },
  };
};
