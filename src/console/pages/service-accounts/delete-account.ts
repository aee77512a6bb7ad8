import { graphql } from 'react-relay/hooks';

export const deleteAccount = graphql`
  mutation deleteAccountMutation($input: DeleteServiceAccountInput!) {
    deleteServiceAccount(input: $input) {
      deletedId
      impact {
        ...Impact_impact
      }
    }
  }
`;
