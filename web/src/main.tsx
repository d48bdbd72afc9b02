import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/files.css";
import "./styles/pages.css";
import "./styles/preview.css";
import "./styles/touch.css";
import { applyTheme } from "./ui/theme.ts";

applyTheme();
const place = document.getElementById("app");
if (place !== null)
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
