//! Russian: what to know about a client.

use types::clients::{KEY_VARIABLE, Note};

pub fn note(note: Note) -> String {
    match note {
        Note::Unset(name) => format!("Переменная {name} не должна быть задана: она важнее этих настроек."),
        Note::CallsFromElsewhere => {
            "Вызовы идут с серверов создателя клиента: этот адрес должен быть открыт в интернете по https, localhost и частная сеть не подойдут."
                .to_owned()
        }
        Note::KeyInVariable => {
            format!("Ключ каждый раз берётся из {KEY_VARIABLE}: задайте её в профиле своей оболочки.")
        }
        Note::KeyInFile => "После этого в файле лежит ключ: не показывайте его никому.".to_owned(),
        Note::KeyInKeychain => "Ключ, введённый в самом клиенте, хранится в связке ключей системы.".to_owned(),
        Note::KnownModelsOnly => {
            "В его списке только знакомые ему модели; `refresh` добавляет модели этого сервера.".to_owned()
        }
        Note::Where(place) => format!("Эти поля находятся здесь: {place}."),
    }
}
