/* lib/types.ts - the server's types under the names the console speaks in. The types themselves are generated from the
 * server's tables; nothing is typed twice. */
import {
	route_role,
	type AccessCredentialRow,
	type AccessDoorRow,
	type AccessDoors,
	type AccessPassage,
	type AccessPersonFile,
	type CoreEntryReply,
	type PostPeopleRow,
	type PostPersonFileReply,
	type PostView,
	type PostViewFloor,
	type PostViewZone,
	type RouteLanguage,
	type RouteRole,
	type UserRow as GeneratedUserRow,
	type UserSession,
} from '../generated.ts';

/* Zero means nobody and nothing: no user has that role or language. */
export type Role = Exclude<RouteRole, 'none'>;
export type Language = Exclude<RouteLanguage, 'none'>;
export const ROLES = route_role.filter((role): role is Role => role !== 'none');

export type Session = UserSession;
export type Post = PostView;
export type Floor = PostViewFloor;
export type Zone = PostViewZone;
export type Door = AccessDoorRow;
export type Doors = AccessDoors;
export type PersonRow = PostPeopleRow;
export type PersonFile = PostPersonFileReply;
export type PersonAccess = AccessPersonFile;
export type Credential = AccessCredentialRow;
export type Passage = AccessPassage;
export type UserRow = GeneratedUserRow;
export type LedgerEntry = CoreEntryReply;
export interface Named {
	id: number;
	name: string;
}
