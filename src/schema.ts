import { DirectiveLocation, GraphQLDirective, GraphQLNonNull, GraphQLString, specifiedDirectives } from 'graphql';
import { builder } from './graphql/builder.ts';
import './graphql/node.ts';
import { withReadablePayloads } from './graphql/mutation/payload-rows.ts';
import { withReplays } from './graphql/mutation/replay.ts';
import './resources/index.ts';

/** The permission that a field needs, for those who read the schema. */
const access = new GraphQLDirective({
  name: 'access',
  description: 'The permission that this field needs.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    permission: { type: new GraphQLNonNull(GraphQLString), description: 'Resource and action, such as GROUP:READ.' },
  },
});

/** The conventions of names, for readers of the schema. */
const description = `The administration plane of a workflow orchestrator.

Names of fields, arguments and input fields follow these rules:

- A field that links to another object has the plain noun: \`tenant\`, \`namespace\`, \`workerGroup\`. It is nullable and
  requires READ on that object.
- The key of that object, as text, has the noun and the kind of the key: \`tenantKey\`, \`namespaceName\`, \`workerGroupKey\`.
  So does every argument, filter and input field that takes such a text.
- A global ID (type ID) as an input has the plain noun of its object: \`role\`, \`execution\`. The ID of the object that a
  mutation is about is \`id\`.
- \`kind\` is a classification by Gatehouse. \`type\` is the orchestrator's own word, such as the type of a task in a flow.
- Values of enums are upper case.`;

const built = builder.toSchema({ directives: [...specifiedDirectives, access] });
built.description = description;

export const schema = withReadablePayloads(withReplays(built));
