import type { Catalog } from '@dsf/metadata';
import type { Tools } from '@dsf/ports';
import { cloudEventHeaders } from './cloud-event.ts';
import { documentNames } from './document-state.ts';
import type { PublishPlan } from './plan.ts';
import { compileTemplate, defaultBody } from './template.ts';

/** @throws ExpressionError only for templates that validation would have refused */
export const compile = (catalog: Catalog, tools: Tools): PublishPlan => ({
  publications: new Map(
    catalog.publications.map((publication) => {
      const template = compileTemplate(publication.definition.body === undefined ? defaultBody : publication.definition.body);
      const names = documentNames(publication.driver);
      return [publication.id, { publication, template, names, headers: cloudEventHeaders(publication) }];
    }),
  ),
  tools,
});
