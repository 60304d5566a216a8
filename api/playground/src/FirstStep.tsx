import { useEffect, useRef } from "react";

import { examplesOf } from "./examples";
import type { Person } from "./session";
import { useOpenExample } from "./useOpenExample";

/** Whoever sits down for the first time sees an answer: the first step that only reads. */
export function FirstStep({ person }: { person: Person }) {
  const open = useOpenExample();
  const done = useRef(false);
  useEffect(() => {
    const first = examplesOf(person.role).find(({ isMutation, document }) => !isMutation && !/^subscription\b/m.test(document));
    if (!open || !first || done.current) return;
    done.current = true;
    void open(first);
  }, [open, person]);
  return null;
}
