import "./console.css";
import { render } from "preact";
import { App } from "./app";

/* The operators' console: see docs/console.md. */

const root = document.querySelector("#console");
if (!root) throw new Error("the page has no #console");
render(<App />, root);
