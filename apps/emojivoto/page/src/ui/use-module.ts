import { useEffect, useState } from "preact/hooks";

/** A module that is loaded when a view first needs it; undefined until then. `load` must be the same function on every call. */
export function useModule<T>(load: () => Promise<T>): T | undefined {
  const [module, setModule] = useState<T>();
  useEffect(() => {
    let wanted = true;
    void load().then((loaded) => {
      // Wrapped, as a function given to a setter would be called.
      if (wanted) setModule(() => loaded);
    });
    return () => {
      wanted = false;
    };
  }, [load]);
  return module;
}
