import { graphql } from 'react-relay/hooks';

export const grant = graphql`
  mutation grantMutation($input: GrantTenantAccessInput!) {
    grantTenantAccess(input: $input) {
      user {
        id
      }
    }
  }
`;
