import { graphql } from 'react-relay/hooks';

export const deleteRole = graphql`
  mutation deleteRoleMutation($input: DeleteRoleInput!) {
    deleteRole(input: $input) {
      deletedId
      impact {
        ...Impact_impact
      }
    }
  }
`;
