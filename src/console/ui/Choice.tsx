import { Button, ComboBox, Input, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components';
import { Icon } from './Icon.tsx';

export interface Option {
  readonly id: string;
  readonly title: string;
  readonly detail?: string;
}

export interface ChoiceProps {
  /** Of the text, for a label. */
  readonly id?: string | undefined;
  readonly label: string;
  readonly placeholder?: string;
  readonly options: readonly Option[];
  readonly value: string | undefined;
  readonly choose: (id: string | undefined) => void;
  /** Asks the gateway for options with a text. Without it, all options are here. */
  readonly search?: (text: string) => void;
}

/** A choice among many, by a few letters of its name. */
export function Choice({ id, label, placeholder = label, options, value, choose, search }: ChoiceProps) {
  const change = (text: string) => {
    if (text === '') choose(undefined);
    if (!options.some(({ title }) => title === text)) search?.(text);
  };
  return (
    <ComboBox
      className="choice"
      aria-label={label}
      {...(search
        ? { items: options.map((option) => ({ ...option })) }
        : { defaultItems: options.map((option) => ({ ...option })) })}
      selectedKey={value ?? null}
      onSelectionChange={(key) => key !== null && choose(String(key))}
      onInputChange={change}
      menuTrigger="focus"
      {...(search && { defaultFilter: () => true })}
    >
      <Input {...(id !== undefined && { id })} className="input" placeholder={placeholder} />
      <Button className="btn plain icon sm" aria-label={`Show ${label}`}>
        <Icon name="down" />
      </Button>
      <Popover className="pop menu choices">
        <ListBox renderEmptyState={() => <p className="quiet">Nothing matches.</p>}>
          {({ id, title, detail }: Option) => (
            <ListBoxItem id={id} className="menu-item" textValue={title}>
              <Text slot="label" className="cut">
                {title}
              </Text>
              {detail && (
                <Text slot="description" className="quiet cut">
                  {detail}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
