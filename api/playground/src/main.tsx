// First: tells Monaco where its workers are.
import "graphiql/setup-workers/vite";

// GraphiQL's own style.css is these four with fonts and a second copy of Monaco's in them.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-explorer/style.css";
import "graphiql/graphiql.css";
import "./style.css";

import { createRoot } from "react-dom/client";

import { App } from "./App";
import { storedTheme } from "./storage";

const theme = storedTheme();
if (theme) document.body.classList.add(`graphiql-${theme}`);

// Another share link in the same window is another start.
addEventListener("hashchange", () => location.reload());

createRoot(document.getElementById("root")!).render(<App />);
