import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProcessEvent, ProcessTask } from './transport-process.ts';

/** A client of a messaging system in another process. */
export interface TransportChild {
  readonly events: readonly ProcessEvent[];
  /** Partitions that it has now, by what it said. */
  owned(): readonly number[];
  /** Bodies that it has read. */
  read(): readonly string[];
  /** SIGKILL: no chance to leave the group or to finish a write. Resolves when it is gone and all that it said has arrived. */
  kill(): Promise<void>;
  /** Asks it to end. @throws Error with what it wrote to stderr, when it failed */
  end(): Promise<void>;
}

const script = fileURLToPath(new URL('transport-process.ts', import.meta.url));

export const startTransportChild = (task: ProcessTask): TransportChild => {
  const child = spawn(process.execPath, ['--conditions=@dsf/source', script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const events: ProcessEvent[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => events.push(JSON.parse(line) as ProcessEvent));
  const gone = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return {
    events,
    owned: () => {
      const owned = new Set<number>();
      for (const event of events) {
        if (event.event === 'given') owned.add(event.partition);
        if (event.event === 'taken') owned.delete(event.partition);
      }
      return [...owned].toSorted((a, b) => a - b);
    },
    read: () => events.flatMap((event) => (event.event === 'read' ? event.bodies : [])),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    end: async () => {
      child.stdin.end();
      await gone;
      if (child.exitCode !== 0) throw new Error(`the process ended with ${child.exitCode ?? child.signalCode}: ${errors}`);
    },
  };
};
