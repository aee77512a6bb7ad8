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

export const schema = withReadablePayloads(
  withReplays(builder.toSchema({ directives: [...specifiedDirectives, access] })),
);
