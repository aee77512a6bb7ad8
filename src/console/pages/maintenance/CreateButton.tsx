import { useState } from 'react';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import { BannerForm } from './BannerForm.tsx';
import { CreateKillSwitch } from './KillSwitchForm.tsx';

export function CreateButton({ tenant, tab }: { tenant: string; tab: 'banners' | undefined }) {
  const [isOpen, setIsOpen] = useState(false);
  const close = () => setIsOpen(false);
  const isBanner = tab === 'banners';
  return (
    <>
      <ActionButton
        permission={isBanner ? needs.createBanner : needs.createKillSwitch}
        icon="plus"
        className="primary"
        onPress={() => setIsOpen(true)}
      >
        {isBanner ? 'Create a banner' : 'Create a kill switch'}
      </ActionButton>
      {isOpen &&
        (isBanner ? <BannerForm tenant={tenant} close={close} /> : <CreateKillSwitch tenant={tenant} close={close} />)}
    </>
  );
}
