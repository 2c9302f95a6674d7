"""The files of the call: those that the request names and its user may read."""

import transom_call
import transom_imports
from open_webui.models.ready import NOBODY, Ready
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
        for item in transom_call.current("Files.get_file_by_id").files:
            file = item.get("file") if isinstance(item.get("file"), dict) else item
            if id in (file.get("id"), item.get("id")):
                name = file.get("filename") or item.get("name") or ""
                return FileModel(**{**file, "id": id, "filename": name})
        return NOBODY

    get_file_by_id_and_user_id = get_file_by_id
    get_file_metadata_by_id = get_file_by_id
