import type { NodeId } from "@ashlar/shared/ids";
import { nameFault } from "@ashlar/shared/names";
import { useState } from "react";
import { makeFolder } from "../library/actions.ts";
import { newNodeId } from "../platform/random.ts";
import { useApp } from "../shell/context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { run } from "../ui/run.ts";
import { faultTexts, tell } from "./use-file-actions.tsx";

type NewFolderDialogProps = { readonly parent: NodeId; readonly onClose: () => void; readonly onMade: (node: NodeId) => void };

export function NewFolderDialog({ parent, onClose, onMade }: NewFolderDialogProps) {
  const { library } = useApp();
  const [name, setName] = useState("New folder");
  const [fault, setFault] = useState<string>();
  const make = () => {
    const wanted = name.trim().normalize("NFC");
    const wrong = nameFault(wanted);
    if (wrong !== undefined) return setFault(faultTexts[wrong]);
    if (Array.from(library.childrenOf(parent)).some((entry) => entry.name === wanted))
      return setFault("There is something with this name here already.");
    onClose();
    const node = newNodeId();
    const made = makeFolder(library, parent, wanted, node);
    // Selected while it is on its way: a person goes on.
    onMade(node);
    run(async () => tell(`Made the folder “${wanted}”.`, await made));
  };
  return (
    <Dialog
      title="New folder"
      onClose={onClose}
      onSubmit={make}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button--primary">
            Make folder
          </button>
        </>
      }
    >
      <Field
        label="Name"
        value={name}
        fault={fault}
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setName(event.target.value)}
      />
    </Dialog>
  );
}
