/** What belongs to the person at the desk; everything else (the theme, widths) to the browser. */
const PERSONAL = ["tabState", "query", "variables", "queries", "favorites"].map((name) => `graphiql:${name}`);
/** What is never kept longer than the window is open. */
const SECRET = /password|token|authorization/i;

const THEME = "graphiql:theme";

export function storedTheme(): string | null {
  return localStorage.getItem(THEME);
}

/**
 * GraphiQL's memory, one for each person. What may hold a secret stays in the window: a value that looks like it goes to
 * the session's storage, which the browser forgets.
 */
export function storageOf(email: string) {
  const keyOf = (name: string) => (PERSONAL.includes(name) ? `${name}:${email}` : name);
  return {
    getItem: (name: string) => sessionStorage.getItem(keyOf(name)) ?? localStorage.getItem(keyOf(name)),
    setItem(name: string, value: string) {
      const [keeps, forgets] = SECRET.test(value) ? [sessionStorage, localStorage] : [localStorage, sessionStorage];
      forgets.removeItem(keyOf(name));
      keeps.setItem(keyOf(name), value);
    },
    removeItem(name: string) {
      sessionStorage.removeItem(keyOf(name));
      localStorage.removeItem(keyOf(name));
    },
    clear() {
      for (const name of PERSONAL) this.removeItem(name);
    },
    get length() {
      return PERSONAL.filter((name) => this.getItem(name) !== null).length;
    },
  };
}
