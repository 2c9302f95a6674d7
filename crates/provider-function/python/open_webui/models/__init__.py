"""What functions commonly look up: users and models, files of the call, and chats, of which there are none."""
