/** What a process of the benchmark is asked for, and what it says. One process per measurement: its memory and its compiled code are its own. */
import type { PhaseName } from '@dsf/ports';

export type FloorKind = 'whole' | 'raw' | 'flat';

export type Task =
  | {
      readonly kind: 'floor';
      readonly floor: FloorKind;
      readonly records: number;
      /** How many times the records come, at new offsets each time. Default: once. */
      readonly passes?: number;
      /** A database of the product, whose tables are made again. */
      readonly like: string;
      /** Folder for the file that is written. */
      readonly folder: string;
    }
  | {
      readonly kind: 'phases';
      readonly phases: readonly PhaseName[];
      readonly home: string;
      /** Threads that they run in, as `dsf run --workers` does. */
      readonly workers: number;
      /**
       * The time begins when so many lanes of the first phase have each written two batches: connections and the server's plans are warm by then, of all
       * of them. Default: at the first claim of a lane.
       */
      readonly warm?: number;
      /** Where definitions, state and rows are, when they are not in `home`. */
      readonly environment?: Readonly<Record<string, string>>;
    }
  | {
      /** kafkajs and nothing else: reads a topic and counts. */
      readonly kind: 'kafkajs-consume';
      readonly address: string;
      readonly topic: string;
      readonly records: number;
    }
  | {
      /** kafkajs and nothing else: reads what stands in one topic beforehand, and writes the same to another. */
      readonly kind: 'kafkajs-produce';
      readonly address: string;
      readonly from: string;
      readonly to: string;
      readonly records: number;
      /** Messages of one send, all of one partition. */
      readonly batch: number;
      readonly transactional: boolean;
    };

/** Whether it runs as a phase's own service does; else it runs as in `dsf run`. */
export const isService = ({ phases, workers }: Extract<Task, { kind: 'phases' }>): boolean => phases.length === 1 && workers === 1;

/** Since the process began its work; CPU is user and system time of all its threads. */
export interface Usage {
  /** UTC ms. */
  readonly startedAt: number;
  /** UTC ms of the last piece of work. */
  readonly endedAt: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** What one phase has done so far. */
export interface PhaseCount {
  readonly received: number;
  readonly written: number;
  readonly sent: number;
  readonly batches: number;
  readonly refills: number;
  readonly retries: number;
}

/** How often a database server was asked, from the first work to the last. */
export interface Traffic {
  readonly roundTrips: number;
  readonly transactions: number;
}

export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly counts: Partial<Record<PhaseName, PhaseCount>> }
  | {
      readonly kind: 'done';
      readonly usage: Usage;
      readonly counts: Partial<Record<PhaseName, PhaseCount>>;
      readonly traffic?: Traffic;
      /** Records of the first phase when the time began. */ readonly warmed?: number;
    }
  | { readonly kind: 'broken'; readonly why: string };
