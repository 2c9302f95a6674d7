"""The models that the user of the call may use."""

import transom_call
import transom_imports
from open_webui.models.ready import NOBODY, Ready, ReadyList
from pydantic import BaseModel, ConfigDict

__getattr__ = transom_imports.strict(__name__)


class ModelParams(BaseModel):
    model_config = ConfigDict(extra="allow")


class ModelMeta(BaseModel):
    model_config = ConfigDict(extra="allow")


class ModelModel(Ready, BaseModel):
    model_config = ConfigDict(extra="allow", protected_namespaces=())

    id: str
    name: str = ""
    base_model_id: str | None = None
    params: ModelParams = ModelParams()
    meta: ModelMeta = ModelMeta()
    is_active: bool = True


def _record(entry):
    """The record behind an entry of the list of models, or as much of one as the entry says."""
    record = dict(entry.get("info") or {})
    record.update({"id": entry["id"], "name": entry.get("name") or entry["id"]})
    for part in ("params", "meta"):
        record[part] = record.get(part) or {}
    return ModelModel(**record)


class Models(metaclass=transom_imports.Offers):
    @staticmethod
    def get_model_by_id(id, *_, **__):
        entry = transom_call.current("Models.get_model_by_id").models().get(id)
        return _record(entry) if entry else NOBODY

    @staticmethod
    def get_all_models(*_, **__):
        return ReadyList(_record(entry) for entry in transom_call.current("Models.get_all_models").models().values())

    get_models = get_all_models
