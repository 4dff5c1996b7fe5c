"""What the marketer gets for each example of cases.py that is not read, word for word."""

# What the marketer gets for each example that is not read.
SENTENCES: dict[str, str] = {
    "A zip bomb: a part that unpacks to 400 times its size": (
        "The file is too large: it unpacks to more than 200 times its size; copy the rows of the list alone "
        "into a fresh workbook, or split the list into several campaigns."
    ),
    "A zip bomb: parts of more than a gigabyte": (
        "The file is too large: it unpacks to more than 1,024 MB; copy the rows of the list alone into a "
        "fresh workbook, or split the list into several campaigns."
    ),
    "One text of 17 million characters": (
        "The file is too large: it unpacks to more than 200 times its size; copy the rows of the list alone "
        "into a fresh workbook, or split the list into several campaigns."
    ),
    "One long text that 16,300 cells point to": (
        "The file is too large: its cells have more than 500,000,000 characters together; copy the rows of "
        "the list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "A part that is larger than the file says": (
        "The file is damaged (its part [Content_Types].xml cannot be unpacked); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "Entities that would expand a million times": (
        "The file is damaged (it contains a document type, which no spreadsheet does); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "An entity that names a file of this machine": (
        "The file is damaged (it contains a document type, which no spreadsheet does); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "A value far to the right": (
        "The file is too large: cell GS2 is beyond the 200 columns that are read; copy the rows of the list "
        "alone into a fresh workbook, or split the list into several campaigns."
    ),
    "A value far down and another far to the right": (
        "The file is too large: its rows and columns span more than 50,000,000 cells; copy the rows of the "
        "list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "Rows out of order": (
        "The file is damaged (row 2 stands twice, or after row 3); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "The same row twice": (
        "The file is damaged (row 2 stands twice, or after row 2); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "The same cell twice": (
        "The file is damaged (the cells of row 2 are out of order, or one is there twice); open it in Excel "
        "or LibreOffice, save it again as .xlsx, and send that."
    ),
    "An OpenDocument file": (
        "The file is an OpenDocument file (.ods), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "50,000 merged ranges": (
        "The cells J1:K1 and 49,999 more ranges are merged, so only one of them has a value; unmerge them and"
        " fill every row."
    ),
    "Thousands of parts": (
        "The file is too large: it has more than 2,000 parts; copy the rows of the list alone into a fresh "
        "workbook, or split the list into several campaigns."
    ),
    "A part that is named like a file outside": (
        "The file is damaged (a part of it has a forbidden name); open it in Excel or LibreOffice, save it "
        "again as .xlsx, and send that."
    ),
    "A part that is there twice": (
        "The file is damaged (a part of it is there twice); open it in Excel or LibreOffice, save it again as"
        " .xlsx, and send that."
    ),
    "An old .xls workbook": (
        "The file is an old Excel workbook (.xls), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "A checksum that is wrong": (
        "The file is damaged (its part [Content_Types].xml cannot be unpacked); open it in Excel or "
        "LibreOffice, save it again as .xlsx, and send that."
    ),
    "XML that is broken": (
        "The file is damaged (its part xl/worksheets/sheet1.xml is broken); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "A sheet that is missing": (
        "The file is damaged (one of its sheets is missing); open it in Excel or LibreOffice, save it again "
        "as .xlsx, and send that."
    ),
    "A workbook with a password": (
        "The file is protected by a password; remove the password (File, Info, Protect Workbook) and send it again."
    ),
    "A workbook with macros": (
        "The workbook holds macros, which are never run here; save it as .xlsx without macros and send that."
    ),
    "A sheet of old macros": (
        "The workbook holds macros, which are never run here; save it as .xlsx without macros and send that."
    ),
    "A picture named .xlsx": (
        "The file is a picture, though its name ends in .xlsx; save the sheet as .xlsx or .csv and send that."
    ),
    "A web page named .xls": (
        "The file is a web page, though its name ends in .xls; save the sheet as .xlsx or .csv and send that."
    ),
    "A text file named .xlsx": (
        "The file is a text file, though its name ends in .xlsx; save the sheet as .xlsx or .csv and send that."
    ),
    "A file of no bytes": "The file is empty; send the workbook with its rows.",
    "Half a file": (
        "The file is damaged (its end is missing or broken); open it in Excel or LibreOffice, save it again "
        "as .xlsx, and send that."
    ),
    "A header and nothing below it": (
        "No recipients were found below the header; add one row for each person and send the file again."
    ),
    "Other bytes before the workbook": (
        "The file is neither a workbook nor text, though its name ends in .xlsx; save the sheet as .xlsx or "
        ".csv and send that."
    ),
    "Other bytes behind the workbook": (
        "The file is damaged (other bytes follow the end of the workbook); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "Two sheets of recipients": ("Several sheets could hold the recipients (Sheet, May); say which with --sheet NAME."),
    "A sheet named with --sheet that is not there": (
        "There is no sheet named June; the workbook has Sheet. Say one of them with --sheet NAME."
    ),
    "A workbook of which all sheets are hidden": (
        "All sheets of the workbook are hidden (List); show the one with the recipients and send the file "
        "again, or name it with --sheet NAME."
    ),
    "Hidden or filtered rows": (
        "Rows that are hidden or filtered away: 2 (the first is row 2); say --hidden-rows include to send to "
        "them too or --hidden-rows skip to leave them out, or show them and send the file again."
    ),
    "A hidden column": ("Columns that are hidden hold values: B; show them or delete them, and send the file again."),
    "Merged cells among the rows": (
        "The cells A2:A3 are merged, so only one of them has a value; unmerge them and fill every row."
    ),
    "The same column twice": (
        "The column name stands in the header twice, in cells B1 and C1; keep one of them, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "The same column twice, once in capitals": (
        "The column Name stands in the header twice, in cells B1 and C1; keep one of them, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "No header": (
        "Row 1 should hold the header user_id, name, but the file begins with row 1: 12345, Ann; row 2: "
        "12346, Bob; row 3: 12347, Cid; write the header into row 1, or get a fresh workbook with `windowcast "
        "templates workbook spring --language en --version 1 --output spring.xlsx` and paste the rows into "
        "it."
    ),
    "A title above the header": (
        "Row 1 should hold the header user_id, name, but the file begins with row 1: Our customers in May; "
        "row 3: user_id, name; row 4: 12345, Ann; row 5: 12346, Bob; the header stands in row 3: delete what "
        "is above it, or get a fresh workbook with `windowcast templates workbook spring --language en "
        "--version 1 --output spring.xlsx` and paste the rows into it."
    ),
    "A second line of the header": (
        "The user_id (id) is not 5 to 20 digits; format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "An id stored as a number of 17 digits": (
        "The user_id is stored as a number of more than 15 digits (12345678901234567), of which a spreadsheet"
        " loses the last ones; format the user_id column as text and paste the ids again from their source."
    ),
    "A value stored as a number of 17 digits": (
        "The cell under name is a number of more than 15 digits (12345678901234567), of which a spreadsheet loses "
        "the last ones; format the column as text and paste the values again."
    ),
    "An id that a spreadsheet has shortened": (
        "The user_id is stored as a number of more than 15 digits (1.23E+16), of which a spreadsheet loses "
        "the last ones; format the user_id column as text and paste the ids again from their source."
    ),
    "A formula without its value": (
        "The cell under name is a formula whose value was never stored; open the file in Excel once, save it,"
        " and send it again."
    ),
    "An error in a cell": "The cell under name shows the error #N/A; mend the formula or type the value.",
    "A cell that points to a text that is not there": (
        "The file is damaged (cell B2 points to a text that is not there); open it in Excel or LibreOffice, "
        "save it again as .xlsx, and send that."
    ),
    "An id in wide digits": (
        "The user_id \uff11\uff12\uff13\uff14\uff15 is not 5 to 20 digits; "
        "format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "An id with a minus": (
        "The user_id \u221212345 is not 5 to 20 digits; format the user_id column as text and paste the ids again "
        "from their source."
    ),
    "A character of code zero": (
        "The cell under name holds a character that cannot be sent (U+0000); type the text again."
    ),
    "Half a character": ("The cell under name holds a character that cannot be sent (U+D83D); type the text again."),
    "A cell of 40,000 characters": (
        "The cell under name holds 40000 characters, and a sheet's cell takes 32,767; shorten it."
    ),
    "A message that is longer than the platform takes": (
        "With these values the message has 2507 characters, and at most 1999 may be sent; shorten the values."
    ),
    "A row below the last one of any sheet": (
        "The file is too large: it has a row 1,048,577, and a sheet ends at row 1,048,576; copy the rows of "
        "the list alone into a fresh workbook, or split the list into several campaigns."
    ),
    "More recipients than fit on a sheet": (
        "The file is too large: it has more than 1,048,575 recipients; copy the rows of the list alone into a"
        " fresh workbook, or split the list into several campaigns."
    ),
    "A header of 201 columns": (
        "The file is too large: it has more than 200 columns; copy the rows of the list alone into a fresh "
        "workbook, or split the list into several campaigns."
    ),
    "The same person twice, with the same values": (
        "The same person is on row 2 already with the same values; only that row is sent."
    ),
    "The same person twice, with other values": (
        "The same person is on rows 2, 5 with different values; keep the right one and delete the others."
    ),
    "A binary workbook": (
        "The file is a binary Excel workbook (.xlsb), which is not read here; save it as .xlsx or .csv and send that."
    ),
    "A Numbers document": (
        "The file is an Apple Numbers document (.numbers), which is not read here; save it as .xlsx or .csv "
        "and send that."
    ),
    "A sheet in UTF-16": (
        "Two readers do not agree on what the file holds (row 2 has other values, or is seen by one of them "
        "only); open it in Excel or LibreOffice, save it again as .xlsx, and send that."
    ),
    "A csv file in the encoding of Windows": (
        "Line 2 of the file is not UTF-8 text; save it as 'CSV UTF-8' or as .xlsx and send that, or, if Excel"
        " on Windows saved it as plain CSV, say --encoding cp1252."
    ),
    "Another separator": (
        "Line 1 of the file names a separator other than comma, semicolon and tab; mend that line, or save "
        "the sheet as .xlsx, and send it again."
    ),
    "A quote that is never closed": (
        "Line 3 of the file opens a quote that is never closed; mend that line, or save the sheet as .xlsx, "
        "and send it again."
    ),
    "A line with a field too many": (
        "Line 2 of the file has 3 fields (separated by commas), and the header has 2; mend that line, or save"
        " the sheet as .xlsx, and send it again."
    ),
    "An id that is missing": "The user_id is missing; fill it in or delete the row.",
    "A value that is missing": "The cell under name is empty; the template needs a value there.",
    "A column that is missing": (
        "The column name is missing from the header; add it as column B, or get a fresh workbook with "
        "`windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "A header that was changed": (
        "Cell B1 should be name but is nam; write name there, or get a fresh workbook with `windowcast "
        "templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "A column too many": (
        "Cell C1 names a column city that the template does not have; delete that column, or get a fresh "
        "workbook with `windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "Columns in another order": (
        "Cell A1 should be user_id but is name: the columns are in another order than in the template's "
        "workbook; put them back as user_id, name, or get a fresh workbook with `windowcast templates "
        "workbook spring --language en --version 1 --output spring.xlsx`."
    ),
    "SQL and HTML in a header": (
        "The column name is missing from the header; add it as column B, or get a fresh workbook with "
        "`windowcast templates workbook spring --language en --version 1 --output spring.xlsx`."
    ),
}
