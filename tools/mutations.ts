import { correctionMutations } from './correction-mutations.ts';
import { handoverMutations } from './handover-mutations.ts';
import { edit, type Mutation } from './mutation.ts';
import { operatorMutations } from './operator-mutations.ts';
import { publishMutations } from './publish-mutations.ts';
import { splitMutations } from './split-mutations.ts';

/** Every guard of delivery that the simulator is tried without. */
export const mutations: Readonly<Record<string, Mutation>> = {
  'compare-and-set': {
    guard: 'one row first: a transaction that was decided on an older seq is refused (rule 1)',
    edits: [
      {
        file: '/libs/testing/src/memory-warehouse.ts',
        find: 'if (database.comparesSeq && (row?.seq ?? 0) !== seq)',
        put: 'if (false)',
      },
      {
        file: '/libs/testing/src/memory-warehouse.ts',
        find: 'const next = database.comparesSeq ? seq + 1 : (row?.seq ?? 0) + 1;',
        put: 'const next = (row?.seq ?? 0) + 1;',
      },
    ],
    seeds: 60,
  },
  'memory-dropped': {
    guard: 'what is remembered of a lane is dropped with a transaction whose end is not known (rule 1)',
    edits: [edit('lane.ts', 'const before = known();\n      state = null;', 'const before = known();')],
    seeds: 60,
  },
  'group-cache': {
    guard: 'groups in memory are dropped with the epoch of the lane (scenario 3)',
    edits: [edit('summarise/group-store.ts', 'if (epoch !== lane.epoch()) kept.clear();', '')],
    seeds: 200,
  },
  'record-by-record': {
    guard: 'the position advances record by record within a batch (scenario 2)',
    edits: [edit('join.ts', 'const from = next.get(key) ?? position(range);', 'const from = position(range);')],
    seeds: 100,
  },
  'cut-between-records': {
    guard: 'ranges are cut between records only (scenario 1)',
    edits: [
      edit('join.ts', 'if (offset !== last && left === 0) return index;', 'if (left === 0) return index;'),
      edit('join.ts', 'if (offset !== last) left -= 1;', 'left -= 1;'),
    ],
    seeds: 200,
  },
  'join-on': {
    guard: 'a range that does not join on is not taken (rule 3)',
    edits: [edit('join.ts', 'if (range.from > from || range.items === undefined) {', 'if (range.items === undefined) {')],
    seeds: 60,
  },
  refill: {
    guard: 'what is missing is read from rows (rule 3)',
    edits: [
      edit(
        'flatten/records-in.ts',
        "if (content.kind === 'items') return { records: content.items, to };",
        "if (content.kind === 'items') return { records: content.items, to };\n  if (to > from) return { records: [], to };",
      ),
    ],
    seeds: 60,
  },
  'refill-points': {
    guard: 'points that are missing are made from rows (rule 3)',
    edits: [
      edit(
        'summarise/points-in.ts',
        'return { piece, to: read.next, points: read.points };',
        'return { piece, to: read.next, points: [] };',
      ),
    ],
    seeds: 60,
  },
  'version-stamp': {
    guard: 'points of a driver that the sender did not know are read from rows (rule 7)',
    edits: [
      edit(
        'summarise/points-in.ts',
        'if (unknown.size === 0) return { piece, to, points: content.items };',
        'return { piece, to, points: content.items };',
      ),
    ],
    seeds: 200,
  },
  'every-lane': {
    guard: 'every lane hears of every range, also when it has no points of it (rule 2)',
    edits: [edit('flatten/points-out.ts', 'if (items === undefined) hold(lane, whole);', 'if (items === undefined) continue;')],
    seeds: 60,
  },
  'held-version': {
    guard: 'a range held back grows only by one of its own version (rule 7)',
    edits: [edit('flatten/points-out.ts', 'before.to === frame.from && before.version === frame.version', 'before.to === frame.from')],
    seeds: 300,
    deeds: ['change'],
  },
  'held-end-to-end': {
    guard: 'a range held back grows only by one that stands end to end with it (rule 2)',
    edits: [
      edit('flatten/points-out.ts', 'before.to === frame.from && before.version === frame.version', 'before.version === frame.version'),
    ],
    seeds: 2000,
  },
  'held-told': {
    guard: 'what was held back goes out when what follows does not go on with it (rule 2)',
    edits: [edit('flatten/points-out.ts', 'ready.push({ lane, range: { ...before, items: [] } });', '')],
    seeds: 300,
  },
  'held-when-left': {
    guard: 'what is held back goes out when the lane is left (rule 4)',
    edits: [edit('lane-loop.ts', 'await persist(giveUp, () => work.pause());', '')],
    seeds: 300,
  },
  'at-least': {
    guard: 'a receiver loads at least the version of the range (rule 7)',
    edits: [
      edit('catalogs.ts', 'const catalog = newest.version >= version ? newest : await ask();', 'const catalog = newest;'),
      edit('catalogs.ts', 'if (catalog.version < version) {', 'if (catalog.version < 0) {'),
    ],
    seeds: 300,
    deeds: ['change'],
  },
  'commit-before-send': {
    guard: 'ranges are sent after the commit (rule 4)',
    edits: [
      edit(
        'ingest/step.ts',
        'await lane.transact({ positions: [after]',
        'await sendRaw(context, lane, { source: after.source, partition: after.partition, from, to: after.next, version: after.version, time: after.time, idle: after.idle, items: rows });\n    await lane.transact({ positions: [after]',
      ),
    ],
    seeds: 60,
  },
  'ack-after-send': {
    guard: 'a batch is acknowledged after its send (rule 4)',
    edits: [
      edit(
        'lane-loop.ts',
        'const receivedAt = clock.now();',
        'await persist(giveUp, () => feed.acknowledge(last.offset + 1));\n        const receivedAt = clock.now();',
      ),
    ],
    seeds: 1000,
  },
  announce: {
    guard: 'an idle owner says where it stands (rule 4)',
    edits: [edit('lane-loop.ts', 'await (due ? work.announce() : work.pause());', 'await work.pause();')],
    seeds: 100,
  },
  'announce-under-load': {
    guard: 'a busy owner says where it stands, too (rule 4)',
    edits: [edit('lane-loop.ts', 'if (!due && last !== undefined) continue;', 'if (last !== undefined) continue;')],
    seeds: 1500,
    unnoticed: 'runs end idle, and then the lane says where it stands; it needs traffic that never ends',
  },
  'announce-retired': {
    guard: 'somebody says for removed sources where they stand (rule 7)',
    edits: [
      edit('flatten/work.ts', 'await sendByTopic({ ...context, lane: lane.name }, rawHop, await retiredEnds(context, lane, catalog));', ''),
    ],
    seeds: 1500,
    deeds: ['change', 'crash', 'wipe', 'trim'],
  },
  'out-of-range': {
    guard: 'readers of an internal topic go on where it begins now (rule 3)',
    edits: [edit('lane-loop.ts', 'if (!(error instanceof Failure && mayGoOn(error, work))) throw error;', 'throw error;')],
    seeds: 60,
  },
  'refuse-once': {
    guard: 'a verdict is for the record that the lane stands at (rule 4)',
    edits: [edit('attempts.ts', 'seq !== stoodAt || version !== decidedBy', 'version !== decidedBy')],
    seeds: 2000,
  },
  'refill-alone': {
    guard: 'a refill uses up a walk, so that a record that fails stands alone (rule 4)',
    edits: [edit('join.ts', 'countRecords(piece.content.items) : room;', 'countRecords(piece.content.items) : 0;')],
    seeds: 600,
  },
  'body-left-out': {
    guard: 'a body that is too large is left out (scenario 17)',
    edits: [edit('outbox.ts', 'body: whole.byteLength <= bytesMax ? whole : encode(frame)', 'body: whole')],
    seeds: 60,
  },
  unreadable: {
    guard: 'a message that cannot be read is passed over (scenario 17)',
    edits: [edit('receive.ts', 'if (!(error instanceof UnreadableRangeError)) throw error;', 'throw error;')],
    seeds: 60,
  },
  'source-checked': {
    guard: 'a source is checked before it is read on (rule 5)',
    edits: [
      edit(
        'ingest/start.ts',
        "if (facts['cluster'] !== cluster)",
        "if (cluster !== undefined) return;\n  if (facts['cluster'] !== cluster)",
      ),
    ],
    seeds: 400,
  },
  'last-record': {
    guard: 'the last record is still the one that was read (rule 5)',
    edits: [
      edit(
        'ingest/start.ts',
        "if (sha256 !== facts['lastSha256'] || brokerTime(record.time) !== facts['lastTime'])",
        'if (sha256 === undefined)',
      ),
    ],
    seeds: 600,
  },
  'source-topic': {
    guard: 'a position counts in the topic that it was counted in (rule 5)',
    edits: [edit('ingest/start.ts', "if (facts['topic'] !== source.topic)", 'if (false)')],
    seeds: 400,
    deeds: ['repoint', 'restart', 'change'],
  },
  'later-partition': {
    guard: 'a partition that comes when its source has begun is read from its beginning (rule 5)',
    edits: [edit('ingest/start.ts', "wanted === 'earliest' || (await isLater(context, at))", "wanted === 'earliest'")],
    seeds: 400,
  },
  'start-once': {
    guard: 'the start of a source is resolved once, and stored (rule 5)',
    edits: [
      edit('ingest/work.ts', 'if (lane.position({ source: source.id, partition }) === undefined) await resolveStart', 'await resolveStart'),
    ],
    seeds: 400,
  },
  'position-not-end': {
    guard: 'a position comes from records seen, never from the end of the log (rule 5)',
    edits: [
      edit(
        'ingest/step.ts',
        'const next = (deliveries.at(-1)?.offset ?? before.next - 1) + 1;',
        'const { end: next } = await at.transport.bounds(at.source.topic, at.partition);',
      ),
    ],
    seeds: 400,
  },
  'sender-start': {
    guard: 'a lane without a position begins where its sender began (rule 3)',
    edits: [edit('receive.ts', 'next: start, start, time', 'next: Math.max(start, range.to), start: Math.max(start, range.to), time')],
    seeds: 300,
  },
  ...correctionMutations,
  ...publishMutations,
  ...splitMutations,
  ...handoverMutations,
  ...operatorMutations,
};
