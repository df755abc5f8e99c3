/** A choice kept in this browser. Where storage is forbidden it lasts as long as the page. */
export function createStoredSetting(key: string) {
  let current = read(key);
  return {
    get: (): string | null => current,
    set: (value: string | null): void => {
      current = value;
      write(key, value);
    },
  };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Forbidden or full: `current` holds it until the page closes.
  }
}
