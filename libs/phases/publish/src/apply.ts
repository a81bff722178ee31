import type { GroupChange } from '@dsf/messages';
import { groupText, hash32 } from '@dsf/messages';
import { ExpressionError } from '@dsf/metadata';
import type { OutgoingMessage, PublishEffects } from '@dsf/ports';
import { Failure } from '@dsf/ports';
import { documentState } from './document-state.ts';
import type { PublicationPlan, PublishPlan } from './plan.ts';
import { renderTemplate } from './template.ts';
import { utf8 } from './utf8.ts';

/** The last change of every group by the group's text, in the order of these last changes. */
const coalesce = (changes: readonly GroupChange[], instance: string): ReadonlyMap<string, GroupChange> => {
  const last = new Map<string, GroupChange>();
  for (const change of changes) {
    if (change.instance !== instance) continue;
    const group = groupText(change.key, change.window);
    last.delete(group);
    last.set(group, change);
  }
  return last;
};

const messageFor = (group: string, change: GroupChange, plan: PublicationPlan, tools: PublishPlan['tools']): OutgoingMessage => {
  const { publication, template, headers, names } = plan;
  const key = utf8(group);
  const isGone = change.status === 'gone';
  return {
    // From the key without the window, so that all windows of a key stay in order in one partition.
    partition: hash32(groupText(change.key, null)) % publication.definition.partitions,
    key,
    headers: headers(change, key, tools),
    body: isGone ? null : utf8(renderTemplate(template, documentState(change, names), publication.definition.numbers)),
  };
};

/**
 * Documents of one publication. A `live` group gives its document, a `gone` one a tombstone (null body), a `failed` one nothing: it has no
 * number to show, and consumers keep the last good revision until the group shows numbers again.
 * @param changes - in rising revision; those of other driver instances are left out, several of one group become the last
 * @returns refusals carry `publish.template`; the other documents stand
 * @throws Failure `fatal` `publish.publication-unknown` when the plan has no such publication
 */
export const apply = (plan: PublishPlan, publication: number, changes: readonly GroupChange[]): PublishEffects => {
  const target = plan.publications.get(publication);
  if (target === undefined)
    throw new Failure('fatal', 'publish.publication-unknown', `no publication has the number ${publication}`, { publication });
  const messages: OutgoingMessage[] = [];
  const refusals: PublishEffects['refusals'][number][] = [];
  const groups = coalesce(changes, target.publication.driver.instance);
  let filtered = changes.length - groups.size;
  for (const [group, change] of groups) {
    if (change.status === 'failed') {
      filtered += 1;
      continue;
    }
    try {
      messages.push(messageFor(group, change, target, plan.tools));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      refusals.push({ change, code: 'publish.template', detail: error.message });
    }
  }
  return { messages, refusals, filtered };
};
