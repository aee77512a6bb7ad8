/** Remembers what was put in of late: two generations, the older of which is dropped when the newer is full. */
export class Recent<K, V> {
  readonly #size: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param size it remembers at least so many of the newest, and at most twice as many. */
  constructor(size: number) {
    this.#size = size;
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#size) this.age();
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Drops the older generation; the younger becomes the older. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }
}
