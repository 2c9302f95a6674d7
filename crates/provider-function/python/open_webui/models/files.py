"""Files that the user of the call may read."""

import transom_call
import transom_imports
from open_webui.models.ready import NOBODY, Ready, ReadyList
from pydantic import BaseModel, ConfigDict

__getattr__ = transom_imports.strict(__name__)


class FileModel(Ready, BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    filename: str = ""
    data: dict | None = None
    meta: dict | None = None


class Files(metaclass=transom_imports.Offers):
    @staticmethod
    def get_file_by_id(id, *_, **__):
        found = transom_call.current("Files.get_file_by_id").ask_now("file", {"id": id})
        return FileModel(**found) if found else NOBODY

    @staticmethod
    def get_files_by_ids(ids, *_, **__):
        return ReadyList(file for file in map(Files.get_file_by_id, ids) if file)

    get_file_by_id_and_user_id = get_file_by_id
    get_file_metadata_by_id = get_file_by_id
