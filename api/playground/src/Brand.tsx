/** The name with its sign: two streams that join a third. */
export function Brand() {
  return (
    <span className="tributary-brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M6 5c0 9 10 8 10 22M26 5c0 9-10 8-10 22M16 5v22" />
      </svg>
      Tributary
    </span>
  );
}
