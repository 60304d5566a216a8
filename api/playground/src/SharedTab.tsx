import { useEffect, useRef } from "react";

import { useOpenTab } from "./openTab";
import type { Shared } from "./share";

/** Shows the operation that the address shares, once. It is not run: that is for the person to decide. */
export function SharedTab({ shared }: { shared: Shared }) {
  const open = useOpenTab();
  const done = useRef(false);
  useEffect(() => {
    if (!open || done.current) return;
    done.current = true;
    open(shared);
  }, [open, shared]);
  return null;
}
