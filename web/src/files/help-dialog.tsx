import { Dialog } from "../ui/dialog.tsx";

const keys: readonly (readonly [string, string])[] = [
  ["↑ ↓", "Go through the list; with Shift select on the way"],
  ["Home End", "Go to the first or last"],
  ["Enter", "Open"],
  ["Backspace", "Go to the folder above"],
  ["Space", "Select, or not"],
  ["Ctrl A", "Select all"],
  ["F2", "Rename"],
  ["Delete", "Move to the trash"],
  ["Shift F10", "Menu of what is selected"],
  ["A … Z", "Go to a name that begins so"],
  ["/", "Search"],
  ["Escape", "Select nothing, close what is open"],
  ["?", "This help"],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
