import { Icon } from './Icon.tsx';

/** A person by their initial, or a service account by a square. */
export function Who({ name, isBot = false }: { name: string; isBot?: boolean }) {
  return (
    <span className="who">
      <i className={isBot ? 'bot' : undefined} aria-hidden="true">
        {isBot ? <Icon name="bot" /> : name.slice(0, 1).toUpperCase()}
      </i>
      <span className="cut">{name}</span>
    </span>
  );
}
