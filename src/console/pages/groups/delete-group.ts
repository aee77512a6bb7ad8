import { graphql } from 'react-relay/hooks';

export const deleteGroup = graphql`
  mutation deleteGroupMutation($input: DeleteGroupInput!) {
    deleteGroup(input: $input) {
      deletedId
      impact {
        ...Impact_impact
      }
    }
  }
`;
