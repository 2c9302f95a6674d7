//! Routes of knowledge.

mod requests;
mod shapes;

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use transom_app::App;
use transom_domain::{File, FileId, KnowledgeId};

use crate::body::{Authorized, Json};
use crate::params::{Path, Query};
use crate::reply::Reply;
use crate::table::Table;
use crate::{ApiError, SignedIn};

use requests::{
    AccessRequest, FilesQuery, KnowledgeFileRequest, KnowledgeFileRequests, KnowledgeQueryRequest, KnowledgeRequest, RemoveQuery,
};
use shapes::{KnowledgeFiles, KnowledgePage, KnowledgeResponse, KnowledgeWithAccess, KnowledgeWithFiles, ListedFile, ListedKnowledge};

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/knowledge/", "/api/v1/knowledge"]).get(list_knowledge);
    table.at("/api/v1/knowledge/search").get(list_knowledge);
    table.at("/api/v1/knowledge/create").post(create_knowledge);
    table.at("/api/v1/knowledge/{id}").get(get_knowledge);
    table.at("/api/v1/knowledge/{id}/update").post(update_knowledge);
    table.at("/api/v1/knowledge/{id}/access/update").post(update_access);
    table.at("/api/v1/knowledge/{id}/delete").delete(delete_knowledge);
    table.at("/api/v1/knowledge/{id}/reset").post(reset_knowledge);
    table.at("/api/v1/knowledge/{id}/files").get(list_knowledge_files);
    table.at("/api/v1/knowledge/{id}/file/add").post(add_file).or([409, 503]);
    table.at("/api/v1/knowledge/{id}/file/update").post(update_file).or([409, 503]);
    table.at("/api/v1/knowledge/{id}/file/remove").post(remove_file);
    table.at("/api/v1/knowledge/{id}/files/batch/add").post(add_files).or([409, 503]);
}

type FileForm = Authorized<SignedIn, Json<KnowledgeFileRequest>>;
type Changed = Result<Reply<KnowledgeWithFiles>, ApiError>;

/// Lists the collections that the caller may see, a page of thirty at a time
#[api_v2_operation]
async fn list_knowledge(app: Data<App>, caller: SignedIn, request: Query<KnowledgeQueryRequest>) -> Result<Reply<KnowledgePage>, ApiError> {
    let (listed, total) = app.knowledge.list(&caller.0, &request.query()).await?;
    Ok(Reply::of(&KnowledgePage { items: listed.iter().map(ListedKnowledge::from).collect(), total }))
}

/// Makes a collection
#[api_v2_operation]
async fn create_knowledge(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<KnowledgeRequest>>,
) -> Result<Reply<KnowledgeResponse>, ApiError> {
    Ok(Reply::of(&KnowledgeResponse::from(&app.knowledge.create(&caller.0, body.0.into()).await?)))
}

/// Shows a collection
#[api_v2_operation]
async fn get_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Result<Reply<KnowledgeWithAccess>, ApiError> {
    Ok(Reply::of(&KnowledgeWithAccess::from(&app.knowledge.get(&caller.0, &id).await?)))
}

/// Changes a collection's name, description and grants
#[api_v2_operation]
async fn update_knowledge(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<KnowledgeRequest>>,
    id: Path<KnowledgeId>,
) -> Changed {
    Ok(with_files(&app.knowledge.update(&caller.0, &id, body.0.into()).await?))
}

/// Says who may read and change a collection
#[api_v2_operation]
async fn update_access(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<AccessRequest>>,
    id: Path<KnowledgeId>,
) -> Changed {
    Ok(with_files(&app.knowledge.share(&caller.0, &id, body.0.access_grants).await?))
}

/// Deletes a collection; its files stay
#[api_v2_operation]
async fn delete_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Result<Reply<bool>, ApiError> {
    app.knowledge.delete(&caller.0, &id).await?;
    Ok(Reply::of(&true))
}

/// Takes every file out of a collection
#[api_v2_operation]
async fn reset_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Result<Reply<KnowledgeResponse>, ApiError> {
    Ok(Reply::of(&KnowledgeResponse::from(&app.knowledge.reset(&caller.0, &id).await?)))
}

/// Lists a collection's files
#[api_v2_operation]
async fn list_knowledge_files(
    app: Data<App>,
    caller: SignedIn,
    id: Path<KnowledgeId>,
    request: Query<FilesQuery>,
) -> Result<Reply<KnowledgeFiles>, ApiError> {
    let (files, total) = app.knowledge.files(&caller.0, &id, &request.query()).await?;
    let owners = app.knowledge.owners(files.iter().map(|file| file.user_id.clone())).await?;
    let content = request.include_content == Some(true);
    let texts = if content { app.files.texts(&caller.0, &files).await? } else { Default::default() };
    let item = |file: &File| {
        let text = texts.get(&file.id).map(String::as_str);
        ListedFile::new(file, content.then_some(text), &id, owners.get(&file.user_id))
    };
    Ok(Reply::of(&KnowledgeFiles::flat(files.iter().map(item).collect(), total)))
}

/// Puts a file into a collection
#[api_v2_operation]
async fn add_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>) -> Changed {
    Ok(with_files(&app.knowledge.add(&caller.0, &id, &[body.0.file()?]).await?))
}

/// Puts files into a collection
#[api_v2_operation]
async fn add_files(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<KnowledgeFileRequests>>,
    id: Path<KnowledgeId>,
) -> Changed {
    let files = body.0.0.into_iter().map(KnowledgeFileRequest::file).collect::<Result<Vec<FileId>, _>>()?;
    Ok(with_files(&app.knowledge.add(&caller.0, &id, &files).await?))
}

/// Has a collection's file indexed anew, from the text that is kept of it
#[api_v2_operation]
async fn update_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>) -> Changed {
    Ok(with_files(&app.knowledge.refresh(&caller.0, &id, &body.0.file()?).await?))
}

/// Takes a file out of a collection
#[api_v2_operation]
async fn remove_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>, request: Query<RemoveQuery>) -> Changed {
    let delete = request.delete_file.unwrap_or(true);
    Ok(with_files(&app.knowledge.remove(&caller.0, &id, &body.0.file()?, delete).await?))
}

fn with_files(collection: &transom_app::knowledge::WithFiles) -> Reply<KnowledgeWithFiles> {
    Reply::of(&collection.into())
}
