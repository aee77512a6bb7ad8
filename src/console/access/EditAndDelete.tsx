import { ActionButton } from './ActionButton.tsx';
import type { Permission } from './viewer.ts';

export interface EditAndDeleteProps {
  /** What the two acts need. */
  readonly needs: { readonly edit: Permission; readonly delete: Permission };
  /** From the object. */
  readonly viewerPermissions: readonly string[];
  /** Why neither is possible now, whatever the permissions of the viewer are. */
  readonly why?: string | undefined;
  readonly onPress: (act: 'edit' | 'delete') => void;
}

/** The two acts on the page of an object. */
export function EditAndDelete({ needs, viewerPermissions, why, onPress }: EditAndDeleteProps) {
  return (
    <>
      <ActionButton
        permission={needs.edit}
        isAllowed={viewerPermissions.includes('UPDATE')}
        why={why}
        onPress={() => onPress('edit')}
      >
        Edit
      </ActionButton>
      <ActionButton
        permission={needs.delete}
        isAllowed={viewerPermissions.includes('DELETE')}
        why={why}
        className="danger"
        onPress={() => onPress('delete')}
      >
        Delete…
      </ActionButton>
    </>
  );
}
