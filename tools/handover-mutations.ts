import { edit, type Mutation } from './mutation.ts';

/** Guards of what phases of one process hand over in memory. What they keep away is a gap, so a calm run tells: nothing may be refilled there. */
export const handoverMutations: Readonly<Record<string, Mutation>> = {
  'handed-drain': {
    guard: 'nothing is handed over before the topic has been read (rules 3 and 4)',
    edits: [edit('handover.ts', "{ state: 'draining', hop: null", "{ state: 'open', hop: null")],
    seeds: 100,
    layout: 'drawn',
  },
  'handed-quiet': {
    guard: 'nothing is handed over while a send by the topic is under way (rules 3 and 4)',
    edits: [edit('handover.ts', 'isQuiet: () => traffic.isQuiet(at),', 'isQuiet: () => true,')],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-begun': {
    guard: 'nothing is handed over when a send by the topic began since its end was seen (rules 3 and 4)',
    edits: [edit('handover.ts', 'begun: () => traffic.begun(at),', 'begun: () => 0,')],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-spill': {
    guard: 'after a range that went by the topic the others do, too (rules 3 and 4)',
    edits: [edit('handover.ts', "if (mailbox.state === 'open') mailbox.state = 'spilling';", '')],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-unread': {
    guard: 'what a reader that is behind has not read goes by the topic before what comes later does (rules 3 and 4)',
    edits: [edit('handover.ts', 'await traffic.move(at, mailboxes.get(at));', '')],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-drain-again': {
    guard: 'what went by the topic is read before anything is handed over again (rules 3 and 4)',
    edits: [
      edit(
        'handover-feed.ts',
        "if (mailbox.state === 'spilling') mailbox.state = 'draining';",
        "if (mailbox.state === 'spilling') mailbox.state = 'open';",
      ),
    ],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-given-up': {
    guard: 'nothing is handed to a lane that was left (rules 3 and 4)',
    edits: [edit('handover.ts', 'if (mailboxes.get(at) === mailbox) mailboxes.delete(at);', '')],
    seeds: 400,
    layout: 'drawn',
  },
  'handed-leftover': {
    guard: 'what was handed over and not read goes by the topic when the lane is left (rules 3 and 4)',
    edits: [edit('handover.ts', 'await traffic.move(at, mailbox);', '')],
    seeds: 400,
    layout: 'drawn',
    deeds: ['restart'],
  },
};
