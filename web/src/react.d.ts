import "react";

declare module "react" {
  interface InputHTMLAttributes<T> {
    /** Chooses folders instead of files; known to every browser, and in no standard. */
    webkitdirectory?: string;
  }
}
