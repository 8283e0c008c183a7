// listeners is a list of those who want to be told of something.
export function listeners<T>() {
  const all = new Set<(about: T) => void>();
  return {
    listen(f: (about: T) => void): () => void {
      all.add(f);
      return () => void all.delete(f);
    },
    tell(about: T) {
      for (const f of [...all]) f(about);
    },
  };
}
