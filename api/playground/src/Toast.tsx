import { useToast } from "./toast";

/** What was just done, for eyes and ears. */
export function Toast() {
  const text = useToast((state) => state.text);
  return (
    <p className="tributary-toast" aria-live="polite" hidden={text === ""}>
      {text}
    </p>
  );
}
