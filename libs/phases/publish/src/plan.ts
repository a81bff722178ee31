import type { CatalogPublication } from '@dsf/metadata';
import type { Tools } from '@dsf/ports';
import type { CloudEventHeaders } from './cloud-event.ts';
import type { DocumentNames } from './document-state.ts';
import type { Template } from './template.ts';

export interface PublicationPlan {
  readonly publication: CatalogPublication;
  readonly template: Template;
  readonly headers: CloudEventHeaders;
  readonly names: DocumentNames;
}

export interface PublishPlan {
  /** By publication id. */
  readonly publications: ReadonlyMap<number, PublicationPlan>;
  readonly tools: Tools;
}
