/** One process of the benchmark: a floor, or some phases of the product on a home, until it is told to stop. */
import { keepHeapLean } from '@dsf/wiring';
import { runFloor } from './floor.ts';
import { consumeBare, produceBare } from './kafkajs-floor.ts';
import { runPhases } from './phases.ts';
import { isService, type Report, type Task } from './task.ts';

const say = (report: Report): void => {
  process.send?.(report);
};

const task = JSON.parse(process.argv[2] ?? 'null') as Task;
const stop = new AbortController();
process.on('message', () => stop.abort());
try {
  if (task.kind === 'floor') say({ kind: 'done', usage: runFloor(task), counts: {} });
  else if (task.kind === 'phases') {
    if (isService(task)) keepHeapLean();
    say(await runPhases(task, say, stop));
  } else say({ kind: 'done', usage: await (task.kind === 'kafkajs-consume' ? consumeBare(task) : produceBare(task)), counts: {} });
} catch (error) {
  say({ kind: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
process.disconnect?.();
