import { File, FileArchive, FileAudio, FileCode, FileImage, FileSymlink, FileText, FileVideo, Folder, type LucideIcon } from "lucide-react";
import { kindOf, type KindGroup } from "./kinds.ts";

const icons: Readonly<Record<KindGroup, LucideIcon>> = {
  folder: Folder,
  image: FileImage,
  video: FileVideo,
  audio: FileAudio,
  paper: FileText,
  code: FileCode,
  archive: FileArchive,
  text: FileText,
  other: File,
};

export function KindIcon({
  entry,
  size = 20,
}: {
  readonly entry: { readonly name: string; readonly kind: string };
  readonly size?: number;
}) {
  const group = kindOf(entry);
  const Icon = entry.kind === "symlink" ? FileSymlink : icons[group];
  return <Icon className={`kind kind--${group}`} size={size} strokeWidth={1.75} aria-hidden />;
}
