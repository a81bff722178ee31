import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runFlattener } from '@dsf/flattener';
import { runIngestor } from '@dsf/ingestor';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { Failure, type OutgoingMessage, type TelemetryEvent } from '@dsf/ports';
import { runPublisher } from '@dsf/publisher';
import { defaultSettings, type RuntimeSettings } from '@dsf/runtime';
import { runSummariser } from '@dsf/summariser';
import { openInstallation, readStatus, type Installation, type Status } from '@dsf/wiring';

/** All four services in this process, on SQLite and the local log in a folder of their own. */
export interface Pipeline {
  readonly home: string;
  /** As it was opened, without what `PipelineOptions.around` does to it. */
  readonly installation: Installation;
  /** What the services told, but for what happens all the time. */
  readonly events: readonly TelemetryEvent[];
  /** @returns the version in force @throws Error with the problems when the definitions are refused */
  readonly activate: (definitions: unknown) => Promise<number>;
  readonly send: (topic: string, messages: readonly OutgoingMessage[]) => Promise<void>;
  /** Resolves when everything that was sent has come through all phases. @throws what stopped a service, or Error when it takes too long */
  readonly settle: () => Promise<Status>;
  /** Ends the services and removes the folder. @throws what stopped a service */
  readonly stop: () => Promise<void>;
}

export interface PipelineOptions {
  readonly settings?: Partial<RuntimeSettings>;
  /** What the services see in place of the installation. */
  readonly around?: (installation: Installation) => Installation;
}

/** Short waits: nothing here is slow but what is asked of it. */
const quick: RuntimeSettings = { ...defaultSettings, waitMs: 20, idleMs: 40, catalogPollMs: 20 };
const settleLimitMs = 120_000;
const usual: ReadonlySet<TelemetryEvent['name']> = new Set([
  ...(['batch', 'delivery', 'groups', 'database', 'beat'] as const),
  ...(['lane-claimed', 'lane-left', 'service', 'catalog'] as const),
]);
const services = [runIngestor, runFlattener, runSummariser, runPublisher];

export const startPipeline = async (definitions: unknown, { settings, around }: PipelineOptions = {}): Promise<Pipeline> => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-hostile-'));
  const installation = await openInstallation({ home });
  const events: TelemetryEvent[] = [];
  const broken: unknown[] = [];
  const ending = new AbortController();
  const telemetry = { emit: (event: TelemetryEvent) => void (usual.has(event.name) || events.push(event)) };

  const activate = async (next: unknown): Promise<number> => {
    const activation = await installation.metadata.activate({
      definitions: definitionsSchema.parse(next),
      comment: 'test',
      now: Date.now(),
      check: buildCatalog,
    });
    if (activation.kind === 'refused') throw new Error(activation.problems.map(({ message }) => message).join('\n'));
    return activation.version;
  };

  const settle = async (): Promise<Status> => {
    const deadline = Date.now() + settleLimitMs;
    for (;;) {
      if (broken.length > 0) throw broken[0];
      const status = await readStatus(installation).catch((error: unknown) => {
        if (error instanceof Failure && error.kind === 'retry') return null;
        throw error;
      });
      if (status?.idle === true) return status;
      if (Date.now() > deadline) throw new Error(`not idle: ${JSON.stringify({ status, events: events.slice(-20) })}`);
      await delay(20);
    }
  };

  await activate(definitions);
  const seen = around?.(installation) ?? installation;
  const running = services.map((run) =>
    run(seen, { ...quick, ...settings }, telemetry, ending.signal).catch((error: unknown) => {
      broken.push(error);
      ending.abort();
    }),
  );

  return {
    home,
    installation,
    events,
    activate,
    settle,
    send: (topic, messages) => installation.local.send(topic, messages),
    async stop() {
      ending.abort();
      await Promise.all(running);
      await installation.close();
      rmSync(home, { recursive: true, force: true });
      if (broken.length > 0) throw broken[0];
    },
  };
};
